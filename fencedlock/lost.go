package fencedlock

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/session"
)

// Loss is a hold that was taken away by force.
type Loss struct {
	Name   keys.Name
	Caller Caller
	Fence  Fence
}

// LossOf returns the hold of which the item is the trace. ok is false for one that is none.
func LossOf(space keys.Space, i *kv.Item) (l Loss, ok bool) {
	sid, name, fence, ok := space.ParseForced(i.Key)
	if !ok || i.Lease != kv.LeaseID(sid) {
		return Loss{}, false
	}
	return Loss{Name: name, Caller: Caller{Session: session.ID(sid), Owner: recalled(i).Owner}, Fence: Fence(fence)}, true
}
