package countdownlatch

import (
	"fmt"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/progress"
	"github.com/cpgate/cpgate/internal/store"
)

// errUnsure ends a call whose own transaction may or may not have been committed, before others went on from there.
var errUnsure = fmt.Errorf("%w: what came of it can't be told any more", store.ErrUnavailable)

// chunk is how many keys a transaction deletes at the most; etcd allows 128 unless told otherwise.
const chunk = 100

// call is what the calls of this package have in common.
type call struct {
	progress.Call
	name keys.Name
	keys []string
}

func newCall(space keys.Space, n keys.Name) call {
	return call{name: n, keys: []string{space.Latch(n)}}
}

// Keys implements store.Call: of a latch they are the record's alone. Its round's last arrival is news of it too, no
// other is.
func (c *call) Keys() []string { return c.keys }

// clear deletes what is left of rounds that mean nothing any more, and ends the call when nothing is.
func (c *call) clear(s scene) kv.Step {
	old := s.old(chunk)
	if len(old) == 0 {
		return c.End()
	}
	return c.Send(kv.Txn{Then: old})
}
