package session_test

import (
	"sync/atomic"
	"testing"
	"time"
)

// However often a client beats, etcd's leader is asked at most once per tenth of the TTL; what is promised meanwhile is what
// the last renewal gave, and the end of a session is told all the same.
func TestAHeartbeatIsSparedWhileTheLastRenewalIsFresh(t *testing.T) {
	t.Parallel()
	const ttl, tenth = 20 * time.Second, 2 * time.Second
	w := newWorld(t, shared)
	var asked atomic.Int32
	var last atomic.Pointer[time.Time]
	k := w.keeper(held(func() {
		now := time.Now()
		last.Store(&now)
		asked.Add(1)
	}))
	begin := time.Now()
	opened := w.open(k, "r", int32(ttl/time.Second)) // asks once, for the lease
	beat := func() time.Duration {
		t.Helper()
		sent := time.Now()
		beats, err := k.Heartbeat(t.Context(), opened.ID)
		if err != nil || beats[0].TTL != ttl {
			t.Fatalf("%+v, %v", beats, err)
		}
		if most := last.Load().Add(ttl); sent.Add(beats[0].ValidFor).After(most) {
			t.Errorf("valid for %v, which ends %v too late", beats[0].ValidFor, sent.Add(beats[0].ValidFor).Sub(most))
		}
		return beats[0].ValidFor
	}
	for range 50 {
		beat()
		time.Sleep(2 * time.Millisecond)
	}
	if n, most := asked.Load(), 2+int32(time.Since(begin)/tenth); n > most { // the mirror may show the session late
		t.Errorf("etcd was asked %d times in %v, want at most %d", n, time.Since(begin), most)
	}
	before := asked.Load()
	time.Sleep(tenth)
	if valid := beat(); valid < ttl-tenth || asked.Load() != before+1 {
		t.Errorf("after a tenth it is valid for %v, and etcd was asked %d times", valid, asked.Load()-before)
	}
	if _, err := w.keeper().Close(t.Context(), opened.ID); err != nil {
		t.Fatal(err)
	}
	if beats, err := k.Heartbeat(t.Context(), opened.ID); err != nil || !beats[0].Expired {
		t.Errorf("closed elsewhere: %+v, %v", beats, err)
	}
}
