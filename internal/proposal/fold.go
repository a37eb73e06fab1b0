package proposal

import (
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
)

// Fold makes one transaction of some that are steps of the same key's value. It does them all, one after the other, or
// nothing: they have in common on which state of that key they were decided, each puts what is to be put after those before
// it, of which the last one is put, and they are in no other conflict. The zero value is ready for use.
type Fold struct {
	txn     kv.Txn
	key     string                  // whose value it is; empty before there is a step
	put     int                     // which operation puts it
	asked   map[kv.Compare]struct{} // the conditions
	keys    map[string]struct{}     // that they are on, the other ones
	ranges  []string                // that they are on
	written map[string]kv.Op
	size    size
}

// Txn returns the transaction that does all steps.
func (f *Fold) Txn() kv.Txn { return f.txn }

// Full reports whether nobody else should be asked for a step: the transaction is as wide as a proposal is long.
func (f *Fold) Full() bool { return f.size.width >= maxGroup }

// Add puts a transaction behind those that are there, and returns what it does as one of them. ok is false where it can't be
// done after them, or not as one with them: then nothing has changed.
func (f *Fold) Add(t kv.Txn) (step kv.Txn, ok bool) {
	if t.Fold == nil || t.Apart != "" || f.key != "" && f.key != t.Fold.Key {
		return t, false
	}
	as, asked := f.conditions(t)
	then, put, written := f.writes(t)
	if !asked || !written {
		return t, false
	}
	if f.key != "" {
		if then[put].Value, ok = t.Fold.Onto(f.txn.Then[f.put].Value); !ok {
			return t, false
		}
	}
	sum := f.with(as, then)
	if f.key != "" && (1+sum.width > maxOps || sum.bytes > maxBytes) {
		return t, false
	}
	f.size = sum
	f.take(t.Fold.Key, as, then, put)
	return kv.Txn{If: t.If, Then: then}, true
}

// conditions returns those of t that are not there yet. ok is false where one is on what others write; the key that all
// write is to be as they found it.
func (f *Fold) conditions(t kv.Txn) (more []kv.Compare, ok bool) {
	for _, c := range t.If {
		_, there := f.asked[c]
		_, written := f.written[c.Key]
		switch {
		case c.Prefix && f.writtenIn(c.Key), !c.Prefix && written && (c.Key != f.key || !there):
			return nil, false
		case !there:
			more = append(more, c)
		}
	}
	return more, true
}

func (f *Fold) writtenIn(prefix string) bool {
	for key := range f.written {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

// writes returns what t writes, without what others delete as well, and which of it puts the key that all write. ok is false
// where others write that, or have it for a condition.
func (f *Fold) writes(t kv.Txn) (more []kv.Op, put int, ok bool) {
	put = -1
	for _, o := range t.Then {
		there, written := f.written[o.Key]
		_, compared := f.keys[o.Key]
		mine := o.Key == t.Fold.Key && !o.Delete
		switch {
		case o.Prefix, compared, slices.ContainsFunc(f.ranges, func(r string) bool { return strings.HasPrefix(o.Key, r) }):
			return nil, 0, false
		case mine:
			put = len(more)
		case written && o.Delete && there.Delete:
			continue
		case written:
			return nil, 0, false
		}
		more = append(more, o)
	}
	return more, put, put >= 0
}

// with is the size with some more. A fold goes as one transaction.
func (f *Fold) with(as []kv.Compare, then []kv.Op) size {
	more := sizeOf(kv.Txn{If: as, Then: then})
	width := max(len(f.txn.If)+len(as), len(f.txn.Then)+len(then))
	return size{txns: 1, width: width, bytes: f.size.bytes + more.bytes, puts: true}
}

func (f *Fold) take(key string, as []kv.Compare, then []kv.Op, put int) {
	if f.key == "" {
		f.key = key
		f.asked, f.keys, f.written = map[kv.Compare]struct{}{}, map[string]struct{}{}, map[string]kv.Op{}
	}
	for _, c := range as {
		f.asked[c] = struct{}{}
		switch {
		case c.Prefix:
			f.ranges = append(f.ranges, c.Key)
		case c.Key != key:
			f.keys[c.Key] = struct{}{}
		}
	}
	f.txn.If = append(f.txn.If, as...)
	for n, o := range then {
		_, there := f.written[o.Key]
		f.written[o.Key] = o
		if there {
			f.txn.Then[f.put] = o
			continue
		}
		if n == put {
			f.put = len(f.txn.Then)
		}
		f.txn.Then = append(f.txn.Then, o)
	}
}
