package semaphore

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/session"
)

// swept is the call that a ticket names once its own was found to be on a gateway that is gone.
const swept = "-"

// Abandoned returns what removes the tickets that wait for a call on a gateway without a marker.
//
// On a session, a ticket that holds may have been told of, and stays. Whether one that waits will still wait when the
// delete is committed is not known, so it goes in two steps. First it is taken from its call, which can't tell of it any
// more; if it still waits at a look behind that, it never held while its call could have told so, and goes. Without a
// session no ticket is ever told of.
func Abandoned(v mirror.View) (found []kv.Txn) {
	space := v.Space()
	v.Groups(space.Semaphores(), "", func(group string) bool {
		l := v.Line(group)
		for n := range l.Len() {
			i := l.At(n)
			sid, t, foreign := value.ReadTicket(group, i)
			marker := space.Gateway(keys.GatewayOf(t.By))
			if foreign || v.Get(marker) != nil || sid != 0 && n < l.Admitted() {
				continue
			}
			as := []kv.Compare{kv.Unchanged(i), kv.Absent(marker)}
			if sid == 0 || t.By == swept {
				found = append(found, kv.Txn{If: as, Then: []kv.Op{kv.Delete(i.Key)}})
			} else if live := session.Live(v, session.ID(sid)); live != nil {
				found = append(found, kv.Txn{If: append(as, kv.Unchanged(live)), Then: []kv.Op{sweep(i, t)}})
			}
		}
		return true
	})
	return found
}

// sweep takes the ticket from its call.
func sweep(i *kv.Item, t value.Ticket) kv.Op {
	t.By, t.Retried = swept, true
	return kv.Put(i.Key, t.Encode(), i.Lease)
}
