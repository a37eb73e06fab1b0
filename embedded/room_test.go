package embedded_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/embedded"
)

// quick has old revisions dropped soon, every sixth of the age, and looks for room twice as often.
func quick(c embedded.Config, age time.Duration) embedded.Config {
	c.HistoryAge, c.QuotaBytes = age, 16<<20
	return c
}

// fill puts until there is no more room, nor comes to be any: a file that is large may have some inside.
func fill(t *testing.T, c *clientv3.Client) {
	t.Helper()
	var full time.Time // since when
	for n := 0; full.IsZero() || time.Since(full) < 2*time.Second; n++ {
		switch _, err := c.Put(t.Context(), fmt.Sprintf("filler/%d", n), strings.Repeat("x", 64<<10)); {
		case errors.Is(err, rpctypes.ErrNoSpace):
			if full.IsZero() {
				full = time.Now()
			}
			time.Sleep(20 * time.Millisecond)
		case err != nil:
			t.Fatal(err)
		default:
			full = time.Time{}
		}
	}
}

func unfill(t *testing.T, c *clientv3.Client) {
	t.Helper()
	if _, err := c.Delete(t.Context(), "filler/", clientv3.WithPrefix()); err != nil {
		t.Fatal(err)
	}
}

func alarms(m *embedded.Member) int { return len(m.Server().Alarms()) }

// eventually polls, since alarms tell nobody.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestRoom_IsMadeByItselfOnceSomethingIsDeleted(t *testing.T) {
	t.Parallel()
	l := &logs{}
	m := start(t, quick(embedded.Config{DataDir: t.TempDir(), Logger: l.logger()}, 600*time.Millisecond))
	c := client(t, m)
	seen := c.Watch(t.Context(), "k")
	fill(t, c)
	for range 10 {
		time.Sleep(50 * time.Millisecond)
		if _, err := c.Put(t.Context(), "k", "0"); !errors.Is(err, rpctypes.ErrNoSpace) {
			t.Fatalf("a put into a full database: %v", err)
		}
	}
	if n := alarms(m); n != 1 || !strings.Contains(l.String(), "the database is full: nothing more is written") {
		t.Errorf("%d alarms while all is in use, and the log says\n%s", n, l)
	}
	unfill(t, c)
	eventually(t, "no alarm", func() bool { return alarms(m) == 0 })
	put(t, m, "k", "1")
	if size := m.Server().Backend().Size(); size > 8<<20 {
		t.Errorf("the file has %d bytes", size)
	}
	if !strings.Contains(l.String(), "the database was full and is written anew") {
		t.Errorf("the log says\n%s", l)
	}
	select {
	case w := <-seen:
		if len(w.Events) != 1 || string(w.Events[0].Kv.Value) != "1" {
			t.Errorf("the watch that began before shows %v, %v", w.Events, w.Err())
		}
	case <-time.After(20 * time.Second):
		t.Error("the watch that began before shows nothing")
	}
}

// spans are the times in which members wrote their files anew.
type spans struct {
	slog.Handler
	mu  sync.Mutex
	all [][2]time.Time
}

func (s *spans) Handle(_ context.Context, r slog.Record) error {
	if !strings.Contains(r.Message, "is written anew") {
		return nil
	}
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "took" {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.all = append(s.all, [2]time.Time{r.Time.Add(-a.Value.Duration()), r.Time})
		}
		return true
	})
	return nil
}

func (s *spans) Enabled(context.Context, slog.Level) bool { return true }

func TestRoom_IsMadeByOneMemberAfterTheOther(t *testing.T) {
	t.Parallel()
	s := &spans{}
	all := cluster(t, 3)
	for n := range all {
		all[n] = quick(all[n], 2400*time.Millisecond)
		all[n].Logger = slog.New(s)
	}
	members := startAll(t, all)
	c := client(t, members[1])
	fill(t, c)
	s.mu.Lock()
	s.all = nil // of what fragments alone had filled up
	s.mu.Unlock()
	large := alarms(members[1])
	unfill(t, c)
	eventually(t, "no alarm", func() bool { return alarms(members[1]) == 0 })
	for n, m := range members {
		put(t, m, "k", fmt.Sprint(n))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.all) != large {
		t.Errorf("%d files were written anew, of %d", len(s.all), large)
	}
	slices.SortFunc(s.all, func(a, b [2]time.Time) int { return a[0].Compare(b[0]) })
	for n, a := range s.all[1:] {
		if before := s.all[n]; a[0].Before(before[1]) {
			t.Errorf("one from %v to %v, another one from %v", before[0], before[1], a[0])
		}
	}
}

func TestRoom_IsMadeWithoutAMemberThatIsGone(t *testing.T) {
	t.Parallel()
	all := cluster(t, 3)
	for n := range all {
		all[n] = quick(all[n], 600*time.Millisecond)
	}
	members := startAll(t, all)
	gone := uint64(members[2].Server().MemberID())
	if _, err := members[0].Server().Alarm(t.Context(), &pb.AlarmRequest{
		Action: pb.AlarmRequest_ACTIVATE, MemberID: gone, Alarm: pb.AlarmType_NOSPACE,
	}); err != nil {
		t.Fatal(err)
	}
	closeNow(t, members[2])
	eventually(t, "no alarm of the one that is gone", func() bool { return alarms(members[1]) == 0 })
	c := client(t, members[1])
	eventually(t, "room", func() bool {
		_, err := c.Put(t.Context(), "k", "1")
		return err == nil
	})
}
