package gateway

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/session"
)

const (
	// followPause is how long news of a stream's sessions are gathered before it is looked which have ended.
	followPause = 50 * time.Millisecond
	// dueAgain is when a renewal may be tried again whose outcome is not known yet, or that failed; a look too.
	dueAgain = time.Second
)

// dueTimes says, for each session of a stream, when its next call renews it.
type dueTimes map[session.ID]time.Time

// note takes note of the sessions that an answered call was about: they are the stream's from then on. The gate has let the
// caller pass.
func (x *stream) note(q, a proto.Message) {
	now := time.Now()
	switch q := q.(type) {
	case *cpgatev1.GetSessionRequest, *cpgatev1.CloseSessionRequest: // to look at a session, or to end it, is no life of it
	case *cpgatev1.OpenSessionRequest:
		r := a.(*cpgatev1.OpenSessionResponse)
		x.renewed(r, now, r)
	case *cpgatev1.HeartbeatRequest:
		x.renewed(q, now, a.(*cpgatev1.HeartbeatResponse))
	case *cpgatev1.BatchHeartbeatRequest:
		for _, b := range a.(*cpgatev1.BatchHeartbeatResponse).GetBeats() {
			if !b.GetExpired() {
				x.renewed(b, now, b)
			}
		}
	default:
		for _, id := range sessionsOf(q) {
			x.heard(id, now)
		}
	}
}

// renewed notes that the session was renewed just now: the next time is due when a tenth of its TTL is over.
func (x *stream) renewed(of any, now time.Time, r interface{ GetTtlSeconds() int32 }) {
	for _, id := range sessionsOf(of) {
		x.expect(id, now.Add(time.Duration(r.GetTtlSeconds())*time.Second/10))
	}
}

// expect sets when the next call renews the session.
func (x *stream) expect(id session.ID, due time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.follow(id)
	x.due[id] = due
}

// follow waits for news of a session, which may have ended meanwhile; the caller has x.mu.
func (x *stream) follow(id session.ID) {
	if _, known := x.due[id]; !known {
		x.news.Follow(int64(id))
		x.lookLater()
	}
}

// heard counts a call of the session as its heartbeat.
func (x *stream) heard(id session.ID, now time.Time) {
	if x.claimDue(id, now) {
		x.spawn(func() { x.renew(id) })
	}
}

// claimDue reports true to one of those who ask for as long as the session is due.
func (x *stream) claimDue(id session.ID, now time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now.Before(x.due[id]) {
		return false
	}
	x.follow(id)
	x.due[id] = now.Add(dueAgain)
	return true
}

func (x *stream) renew(id session.ID) {
	sent := time.Now()
	beats, err := x.keeper.Heartbeat(x.ctx, id)
	if err == nil && !beats[0].Expired {
		x.expect(id, sent.Add(beats[0].TTL/10))
	}
}

// drop forgets a session, and reports whether the stream had it.
func (x *stream) drop(id session.ID) (had bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if _, had = x.due[id]; had {
		delete(x.due, id)
		x.news.Remove(x.keeper.Marker(id))
	}
	return had
}

// lookWho tells the client which of the stream's sessions are gone.
func (x *stream) lookWho() {
	gone, err := x.keeper.Gone(x.ctx, x.sessions())
	for _, id := range gone {
		if x.drop(id) {
			e := &cpgatev1.SessionEnded{SessionId: id.String()}
			x.out.tell(&cpgatev1.Event{Event: &cpgatev1.Event_SessionEnded{SessionEnded: e}})
		}
	}
	if err != nil { // as while there is no quorum
		x.lookLater()
	}
}

func (x *stream) lookLater() {
	select {
	case x.unseen <- struct{}{}:
	default: // as is to be done already
	}
}

func (x *stream) sessions() []session.ID {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Collect(maps.Keys(x.due))
}
