package semaphore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
	"github.com/cpgate/cpgate/semaphore"
)

// Of two calls that destroy a semaphore at once one is told that it did. The other one is when its own outcome got lost:
// it can't know. Neither takes what was initialized meanwhile.
func TestDestroy_OfTwoAtOnceOneIsToldSo(t *testing.T) {
	t.Parallel()
	space := keys.NewSpace("cp/")
	record := value.Semaphore{Permits: 1, Request: "i1"}
	at := func(r kv.Revision) *kv.Item {
		return &kv.Item{Key: space.Semaphore(pool), Value: record.Encode(), Create: r, Mod: r}
	}
	for _, anew := range []bool{false, true} {
		for _, lost := range []bool{false, true} {
			t.Run(fmt.Sprintf("there anew %v, outcome lost %v", anew, lost), func(t *testing.T) {
				m := mirror.New(space)
				m.Fold(1, []kv.Event{{Key: space.Semaphore(pool), Item: at(1)}})
				c := semaphore.NewDestroyCall(space, pool, 0x7a, time.Unix(1_800_000_000, 0))
				if step := c.Next(m.View()); !step.Barrier {
					t.Fatalf("first %+v", step)
				}
				c.Looked(1)
				if step := c.Next(m.View()); step.Commit == nil {
					t.Fatalf("then %+v", step)
				}
				m.Fold(2, []kv.Event{{Key: space.Semaphore(pool)}}) // the other call's
				if anew {
					m.Fold(3, []kv.Event{{Key: space.Semaphore(pool), Item: at(3)}})
				}
				if lost {
					c.Looked(m.Revision())
				} else {
					c.Committed(kv.Result{Revision: m.Revision()})
				}
				if step := c.Next(m.View()); !step.Done {
					t.Errorf("at last %+v", step)
				}
				if did, err := c.Answer(); err != nil || did != lost {
					t.Errorf("got %v, %v", did, err)
				}
			})
		}
	}
}
