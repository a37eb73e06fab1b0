package gateway

import (
	"github.com/cpgate/cpgate/fencedlock"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/semaphore"
)

// tellLost tells the client what its sessions have lost since it was told last.
func (x *stream) tellLost() {
	space := x.keeper.Store.Space
	for _, i := range x.news.Lost() {
		if l, ok := fencedlock.LossOf(space, i); ok {
			x.tell(&cpgatev1.HoldLost{
				Reason: cpgatev1.HoldLost_FORCED, Name: string(l.Name), SessionId: l.Caller.Session.String(), Owner: l.Caller.Owner,
				Fence: int64(l.Fence),
			})
		}
		if l, ok := semaphore.LossOf(space, i); ok {
			x.tell(&cpgatev1.HoldLost{
				Reason: cpgatev1.HoldLost_DESTROYED, Name: string(l.Name), SessionId: l.Caller.Session.String(), Owner: l.Caller.Owner,
				TicketId: l.Ticket,
			})
		}
	}
}

func (x *stream) tell(e *cpgatev1.HoldLost) {
	x.out.tell(&cpgatev1.Event{Event: &cpgatev1.Event_HoldLost{HoldLost: e}})
}
