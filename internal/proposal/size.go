package proposal

import "github.com/cpgate/cpgate/internal/kv"

// What goes into one proposal at the most. An etcd that is started with its defaults takes it: 128 operations, and 1.5 MiB.
// A transaction that is larger than that goes alone.
const (
	maxGroup = 100
	maxOps   = 128 // etcd counts those of a transaction, and those of the widest nested in it
	maxBytes = 1 << 20
)

// perOp is more than a compare or an operation takes in a request besides its key and value.
const perOp = 64

// size is what one transaction takes, or a group of them.
type size struct {
	txns  int
	width int // conditions or operations, whichever are more; of a group, those of the widest
	bytes int
	puts  bool
}

func sizeOf(t kv.Txn) size {
	s := size{txns: 1, width: max(len(t.If), len(t.Then)), puts: t.Puts()}
	s.bytes = perOp * (1 + len(t.If) + len(t.Then))
	for _, c := range t.If {
		s.bytes += 2 * len(c.Key) // a range is sent with its end
	}
	for _, o := range t.Then {
		s.bytes += 2*len(o.Key) + len(o.Value)
	}
	return s
}

// with returns what the group takes with another one in it. ok is false where they are too much together; one alone never
// is. Those that put nothing go apart from those that do: a full etcd takes them, and nothing that they are in with a put.
func (s size) with(o size) (sum size, ok bool) {
	sum = size{s.txns + o.txns, max(s.width, o.width), s.bytes + o.bytes, o.puts}
	return sum, s.txns == 0 ||
		s.puts == o.puts && sum.txns <= maxGroup && sum.txns+sum.width <= maxOps && sum.bytes <= maxBytes
}
