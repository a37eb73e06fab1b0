package semaphore

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/session"
)

// Loss is a ticket of a session that held permits of a semaphore when it was destroyed.
type Loss struct {
	Name   keys.Name
	Caller Caller
	Ticket string // the request id of the acquire, or drain, that got them
}

// LossOf returns whose ticket the item was. ok is false for what is no ticket of a session.
func LossOf(space keys.Space, i *kv.Item) (l Loss, ok bool) {
	line, kind := space.GroupOf(i.Key)
	name, named := keys.NameOf(space.Semaphores(), line)
	if kind != keys.SemaphoreTicket || !named {
		return Loss{}, false
	}
	sid, t, foreign := value.ReadTicket(line, i)
	if foreign || sid == 0 {
		return Loss{}, false
	}
	_, request, _ := keys.ParseSemaphoreTicket(line, i.Key)
	return Loss{Name: name, Caller: Caller{Session: session.ID(sid), Owner: t.Owner}, Ticket: request}, true
}
