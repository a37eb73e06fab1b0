package semaphore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/semaphore"
)

// hold is how long a call holds back for the sake of another one, at the most.
const hold = 100 * time.Millisecond

// On a hot semaphore what a call concludes from its late view is never true any more when it is committed. After some
// tries in vain it asks the others for a pause, and gets through.
func TestPause_ReduceAndDrainGetThroughOnAHotSemaphore(t *testing.T) {
	for says, c := range map[string]struct {
		permits semaphore.Permits
		call    func(ctx context.Context, g *gateway, c semaphore.Caller, request string) error
	}{
		"reduce, while nobody waits": {1000, func(ctx context.Context, g *gateway, _ semaphore.Caller, request string) error {
			return g.Change(ctx, semaphore.ChangeRequest{Name: pool, By: -1, RequestID: request})
		}},
		"reduce, while some wait": {8, func(ctx context.Context, g *gateway, _ semaphore.Caller, request string) error {
			err := g.Change(ctx, semaphore.ChangeRequest{Name: pool, By: -1, RequestID: request})
			return errors.Join(err, g.Change(ctx, semaphore.ChangeRequest{Name: pool, By: 1, RequestID: request + "'"}))
		}},
		"drain": {1000, func(ctx context.Context, g *gateway, c semaphore.Caller, request string) error {
			n, err := g.Drain(ctx, semaphore.DrainRequest{Name: pool, Caller: c, RequestID: request})
			if n == 0 && err == nil {
				err = errors.New("drained nothing")
			}
			r := semaphore.ReleaseRequest{Name: pool, Caller: c, Ticket: request}
			_, failed := g.Release(ctx, r)
			return errors.Join(err, failed)
		}},
	} {
		t.Run(says, func(t *testing.T) {
			w := newWorld(t)
			gs := w.gateways(2)
			gs[0].init(c.permits, false)
			a := gs[1].caller("a")
			gs[1].late.slow(nowAndThen(5 * time.Millisecond))
			paused := w.pauses()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			cool := heat(gs[0], 8)
			defer cool()
			for n := 0; n < scaled(10) || paused() == 0 && n < 200; n++ {
				start := time.Now()
				if err := c.call(ctx, gs[1], a, fmt.Sprintf("c%d", n)); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took > 2*hold+slack {
					t.Errorf("call %d took %v", n, took)
				}
			}
			cool()
			if s := w.record(); s.Pause != "" {
				t.Errorf("the pause of %q stays", s.Pause)
			}
			if paused() == 0 {
				t.Error("no call asked for a pause")
			}
		})
	}
}

// heat has so many workers acquire and release without pause until the function returned is called.
func heat(g *gateway, workers int) (cool func()) {
	var all sync.WaitGroup
	stop := make(chan struct{})
	for n := range workers {
		c := g.caller(fmt.Sprintf("hot%d", n))
		all.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				r := acquireOf(c, fmt.Sprintf("r%d", i), semaphore.Permits(1+n%3))
				if a, err := g.Acquire(g.w.t.Context(), r); err != nil || !a.Acquired {
					g.w.t.Errorf("got %+v, %v", a, err)
					return
				}
				if _, err := g.Release(g.w.t.Context(), semaphore.ReleaseRequest{Name: pool, Caller: c, Ticket: r.RequestID}); err != nil {
					g.w.t.Error(err)
					return
				}
			}
		})
	}
	return sync.OnceFunc(func() { close(stop); all.Wait() })
}

// pauses counts, from now on, the pauses that were asked for.
func (w *world) pauses() (count func() int) {
	var mu sync.Mutex
	asked := map[string]bool{}
	go func() {
		for r := range w.etcd.Watch(w.t.Context(), w.prefix+"semaphore/pool", clientv3.WithCreatedNotify()) {
			for _, e := range r.Events {
				var v struct{ Pause string }
				_ = json.Unmarshal(e.Kv.Value, &v)
				mu.Lock()
				asked[v.Pause] = true
				delete(asked, "")
				mu.Unlock()
			}
		}
	}()
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(asked)
	}
}

// record is the pool's record, read without any of the product's code.
func (w *world) record() (v struct {
	Permits int64
	Pause   string
},
) {
	w.t.Helper()
	for _, k := range w.keys(w.prefix + "semaphore/pool") {
		if string(k.Key) == w.prefix+"semaphore/pool" {
			_ = json.Unmarshal(k.Value, &v)
		}
	}
	return v
}

// A pause that a call left behind which is gone is outlasted by whoever comes, for 100 ms at the most, and lifted for all.
func TestPause_ThatWasLeftBehindIsOutlastedAndLifted(t *testing.T) {
	t.Parallel()
	for says, call := range map[string]func(g *gateway, c semaphore.Caller) error{
		"acquire": func(g *gateway, c semaphore.Caller) error {
			return acquireNow(g, acquireOf(c, "x", 1))
		},
		"try": func(g *gateway, c semaphore.Caller) error {
			return acquireNow(g, tryOf(c, "x", 1))
		},
		"drain": func(g *gateway, c semaphore.Caller) error {
			_, err := g.Drain(g.w.t.Context(), semaphore.DrainRequest{Name: pool, Caller: c, RequestID: "x"})
			return err
		},
		"release": func(g *gateway, c semaphore.Caller) error {
			_, err := g.Release(g.w.t.Context(), semaphore.ReleaseRequest{Name: pool, Caller: c, Permits: 1, RequestID: "x"})
			return err
		},
		"release by ticket": func(g *gateway, c semaphore.Caller) error {
			_, err := g.Release(g.w.t.Context(), semaphore.ReleaseRequest{Name: pool, Caller: c, Ticket: "r1"})
			return err
		},
		"increase": func(g *gateway, _ semaphore.Caller) error {
			return g.Change(g.w.t.Context(), semaphore.ChangeRequest{Name: pool, By: 1, RequestID: "x"})
		},
		"reduce": func(g *gateway, _ semaphore.Caller) error {
			return g.Change(g.w.t.Context(), semaphore.ChangeRequest{Name: pool, By: -1, RequestID: "x"})
		},
	} {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			g := w.gateway()
			g.init(5, false)
			a := g.caller("a")
			g.begin(acquireOf(a, "r1", 2)).acquired()
			w.pause("gone")
			g.current()
			start := time.Now()
			if err := call(g, a); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < hold || took > hold+slack {
				t.Errorf("it took %v, a pause lasts %v", took, hold)
			}
			if s := w.record(); s.Pause != "" {
				t.Errorf("the pause of %q stays", s.Pause)
			}
		})
	}
}

func acquireNow(g *gateway, r semaphore.AcquireRequest) error {
	a, err := g.Acquire(g.w.t.Context(), r)
	if err == nil && !a.Acquired {
		err = fmt.Errorf("got %+v", a)
	}
	return err
}

// pause writes into the record what a call writes that asks for a pause.
func (w *world) pause(request string) {
	w.t.Helper()
	w.put("semaphore/pool", fmt.Sprintf(`{"permits":%d,"pause":%q,"request":"init"}`, w.record().Permits, request))
}
