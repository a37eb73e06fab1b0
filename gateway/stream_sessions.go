package gateway

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/session"
)

const (
	// followPause is how long ends of sessions are gathered before it is looked whose they are.
	followPause = 50 * time.Millisecond
	// dueAgain is when a renewal may be tried again whose outcome is not known yet, or that failed.
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
	_, known := x.due[id]
	x.due[id] = due
	x.mu.Unlock()
	if !known {
		x.followed.add(id, x)
	}
}

// heard counts a call of the session as its heartbeat.
func (x *stream) heard(id session.ID, now time.Time) {
	if x.claimDue(id, now) {
		x.followed.add(id, x)
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
	x.due[id] = now.Add(dueAgain)
	return true
}

func (x *stream) renew(id session.ID) {
	sent := time.Now()
	beats, err := x.followed.keeper.Heartbeat(x.ctx, id)
	if err == nil && !beats[0].Expired {
		x.expect(id, sent.Add(beats[0].TTL/10))
	}
}

// drop forgets sessions, and reports which of them the stream had.
func (x *stream) drop(ids ...session.ID) (had []session.ID) {
	x.mu.Lock()
	for _, id := range ids {
		if _, ok := x.due[id]; ok {
			had = append(had, id)
			delete(x.due, id)
		}
	}
	x.mu.Unlock()
	x.followed.remove(x, had...)
	return had
}

// followed are the sessions of all streams, which are told when one of theirs ends.
type followed struct {
	keeper *session.Keeper

	mu sync.Mutex
	by map[session.ID][]*stream
}

func newFollowed(k *session.Keeper) *followed {
	return &followed{keeper: k, by: map[session.ID][]*stream{}}
}

func (f *followed) add(id session.ID, x *stream) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !slices.Contains(f.by[id], x) {
		f.by[id] = append(f.by[id], x)
	}
}

func (f *followed) remove(x *stream, ids ...session.ID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		f.by[id] = slices.DeleteFunc(f.by[id], func(o *stream) bool { return o == x })
		if len(f.by[id]) == 0 {
			delete(f.by, id)
		}
	}
}

// leave forgets a stream of which nothing runs any more.
func (f *followed) leave(x *stream) {
	for id := range x.due {
		f.remove(x, id)
	}
}

// watch tells streams of sessions that have ended, until ctx is done.
func (f *followed) watch(ctx context.Context) {
	markers := f.keeper.Attend()
	defer markers.Stop()
	for {
		select {
		case <-markers.News():
		case <-ctx.Done():
			return
		}
		for f.look(ctx) != nil && ctx.Err() == nil { // as while there is no quorum
			pause(ctx, dueAgain)
		}
		pause(ctx, followPause)
	}
}

// look looks behind a barrier, for the mirror may not yet show a session that was just opened.
func (f *followed) look(ctx context.Context) error {
	gone, err := f.keeper.Gone(ctx, f.ids())
	for _, id := range gone {
		f.mu.Lock()
		of := slices.Clone(f.by[id])
		f.mu.Unlock()
		for _, x := range of {
			for _, id := range x.drop(id) {
				e := &cpgatev1.SessionEnded{SessionId: id.String()}
				x.out.tell(&cpgatev1.Event{Event: &cpgatev1.Event_SessionEnded{SessionEnded: e}})
			}
		}
	}
	return err
}

func (f *followed) ids() []session.ID {
	f.mu.Lock()
	defer f.mu.Unlock()
	ids := make([]session.ID, 0, len(f.by))
	for id := range f.by {
		ids = append(ids, id)
	}
	return ids
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
