package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/embedded"
)

func follower(t *testing.T, m *embedded.Member) *clientv3.Client {
	t.Helper()
	c := m.NewFollower()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// seen spells the events of a watch, up to a revision and with it.
func seen(t *testing.T, w clientv3.WatchChan, to int64) (all []string) {
	t.Helper()
	for {
		select {
		case r, ok := <-w:
			if !ok || r.Err() != nil {
				t.Fatalf("the watch has ended at %v: %v", all, r.Err())
			}
			for _, e := range r.Events {
				all = append(all, fmt.Sprint(e.Type, " ", string(e.Kv.Key), "=", string(e.Kv.Value), " ", e.Kv.CreateRevision, " ",
					e.Kv.ModRevision, " ", e.Kv.Lease))
			}
			if n := len(r.Events); n > 0 && r.Events[n-1].Kv.ModRevision >= to {
				return all
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("after %d events nothing comes any more", len(all))
		}
	}
}

// A watch in memory shows what etcd's own service shows: of the past, by the thousand revisions, and as it happens.
func TestWatch_ShowsWhatEtcdsServiceShows(t *testing.T) {
	t.Parallel()
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	c, callers := follower(t, m), m.NewCallers()
	t.Cleanup(func() { _ = callers.Close() })
	var first int64
	happen := func(from, to int) (last int64) {
		for n := from; n < to; n++ {
			r, err := c.Txn(t.Context()).Then(
				clientv3.OpPut(fmt.Sprint("in/", n%7), fmt.Sprint(n)), clientv3.OpDelete(fmt.Sprint("in/", (n+3)%7)),
				clientv3.OpPut(fmt.Sprint("out/", n%7), ""),
			).Commit()
			if err != nil {
				t.Fatal(err)
			}
			if first == 0 {
				first = r.Header.Revision
			}
			last = r.Header.Revision
		}
		return last
	}
	past := happen(0, 1_200)
	o := []clientv3.OpOption{clientv3.WithPrefix(), clientv3.WithRev(first + 5)}
	ours, theirs := c.Watch(t.Context(), "in/", o...), callers.Watch(t.Context(), "in/", o...)
	got, want := seen(t, ours, past), seen(t, theirs, past)
	now := happen(1_200, 1_300)
	got, want = append(got, seen(t, ours, now)...), append(want, seen(t, theirs, now)...)
	if len(got) != len(want) || len(got) < 2_000 {
		t.Fatalf("%d events, want %d", len(got), len(want))
	}
	for n := range got {
		if got[n] != want[n] {
			t.Fatalf("event %d is %s, want %s", n, got[n], want[n])
		}
	}
}

func TestWatch_OfWhatIsCompactedSaysSo(t *testing.T) {
	t.Parallel()
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	c := follower(t, m)
	rev := put(t, m, "k", "1")
	if _, err := c.Compact(t.Context(), put(t, m, "k", "2")); err != nil {
		t.Fatal(err)
	}
	r := <-c.Watch(t.Context(), "k", clientv3.WithRev(rev))
	if err := r.Err(); !errors.Is(err, rpctypes.ErrCompacted) || r.CompactRevision == 0 {
		t.Errorf("got %v, %+v", err, r)
	}
}

// Writes elsewhere are no events, and the revision is told when it is asked for.
func TestWatch_TellsHowFarItIs(t *testing.T) {
	t.Parallel()
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	c := follower(t, m)
	w := c.Watch(t.Context(), "k")
	rev := put(t, m, "elsewhere", "")
	if err := c.RequestProgress(t.Context()); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-w:
		if !r.IsProgressNotify() || r.Header.Revision != rev {
			t.Errorf("got %+v at %d, want %d", r, r.Header.Revision, rev)
		}
	case <-time.After(10 * time.Second):
		t.Error("nothing is told")
	}
}

func TestWatch_EndsWithItsCallerItsClientAndItsMember(t *testing.T) {
	t.Parallel()
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	for what, end := range map[string]func(c *clientv3.Client, cancel func()){
		"its caller": func(_ *clientv3.Client, cancel func()) { cancel() },
		"its client": func(c *clientv3.Client, _ func()) { _ = c.Close() },
	} {
		c := follower(t, m)
		ctx, cancel := context.WithCancel(t.Context())
		w := c.Watch(ctx, "k")
		put(t, m, "k", "") // which nobody takes
		end(c, cancel)
		ended(t, what, w)
		cancel()
	}
	w := follower(t, m).Watch(t.Context(), "k")
	closeNow(t, m)
	ended(t, "its member", w)
}

// ended wants no more than what may have been under way.
func ended(t *testing.T, what string, w clientv3.WatchChan) {
	t.Helper()
	for end := time.After(10 * time.Second); ; {
		select {
		case _, ok := <-w:
			if !ok {
				return
			}
		case <-end:
			t.Errorf("%s has ended, and the watch goes on", what)
			return
		}
	}
}
