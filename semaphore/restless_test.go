package semaphore_test

import (
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/semaphore"
)

// Who has rested for a pause lifts it at the most once. On a hot semaphore the call that asked for it asks again whenever
// it was lifted: if all who have rested went on lifting, nobody would ever do anything else.
func TestPause_WhoHasRestedLiftsItOnce(t *testing.T) {
	for says, lifted := range map[string]bool{"and it was asked for again": true, "in vain": false} {
		t.Run(says, func(t *testing.T) {
			space := keys.NewSpace("cp/")
			m, rev := mirror.New(space), kv.Revision(0)
			paused := func() {
				rev++
				record := value.Semaphore{Permits: 3, Pause: "hot", Request: "init"}
				m.Fold(rev, []kv.Event{
					{Key: space.Semaphore(pool), Item: &kv.Item{Key: space.Semaphore(pool), Value: record.Encode(), Create: 1, Mod: rev}},
					{Key: space.Session(7), Item: &kv.Item{Key: space.Session(7), Create: 1, Mod: 1, Lease: 7}},
				})
			}
			c := semaphore.NewAcquireCall(space, acquireOf(semaphore.Caller{Session: 7}, "r1", 1), "g.1", time.Now())
			paused()
			if step := c.Next(m.View()); step.Rest == nil {
				t.Fatalf("does not rest: %+v", step)
			}
			c.Signal(kv.Rested)
			commit(t, c, m, space.Semaphore(pool))
			c.Committed(kv.Result{Succeeded: lifted, Revision: rev})
			paused()
			commit(t, c, m, space.SemaphoreTicket(pool, 7, "r1"))
		})
	}
}

// commit takes the call's next step, in turn if it wants that, which must write the key.
func commit(t *testing.T, c *semaphore.AcquireCall, m *mirror.Mirror, key string) {
	t.Helper()
	step := c.Next(m.View())
	if step.Turn != "" {
		step = c.Next(m.View())
	}
	if step.Commit == nil || step.Commit.Then[0].Key != key {
		t.Fatalf("wants %+v, not to write %s", step, key)
	}
}
