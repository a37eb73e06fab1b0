package store_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
)

// soon bounds what should take milliseconds, on a machine that is busy with other tests: past it, a test gives up.
const soon = 20 * time.Second

// shared is the member of all tests that neither stop nor compact it; each has a range of keys of its own.
var shared *embedded.Member

func TestMain(m *testing.M) {
	code := 1
	if folder, err := os.MkdirTemp("", "store"); err == nil {
		code = withMember(folder, m.Run)
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

func withMember(folder string, run func() int) int {
	m, err := embedded.Start(context.Background(), embedded.Config{DataDir: folder})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer m.Close()
	shared = m
	return run()
}

func ownMember(t *testing.T) *embedded.Member {
	t.Helper()
	m, err := embedded.Start(t.Context(), embedded.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// etcd is one range of keys on a member, with a client beside the stores.
type etcd struct {
	*clientv3.Client
	member *embedded.Member
	space  keys.Space
}

var spaces atomic.Int64

func on(t testing.TB, m *embedded.Member) *etcd {
	t.Helper()
	c := m.NewClient()
	t.Cleanup(func() { c.Close() })
	return &etcd{c, m, keys.NewSpace(fmt.Sprintf("t%d/", spaces.Add(1)))}
}

// open opens a store; with may change its client before.
func (e *etcd) open(t testing.TB, with ...func(*clientv3.Client)) *store.Store {
	t.Helper()
	c := e.member.NewFollower()
	for _, f := range with {
		f(c)
	}
	s, err := store.Open(t.Context(), store.Config{
		Client: c, Space: e.space, Grace: grace, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); c.Close() })
	return s
}

// grace is how long what a lost caller left in line waits.
const grace = 150 * time.Millisecond

func (e *etcd) key(name string) string { return e.space.Prefix() + name }

func (e *etcd) put(t *testing.T, name, value string) kv.Revision {
	t.Helper()
	r, err := e.Put(t.Context(), e.key(name), value)
	if err != nil {
		t.Fatal(err)
	}
	return kv.Revision(r.Header.Revision)
}

func (e *etcd) del(t *testing.T, name string) kv.Revision {
	t.Helper()
	r, err := e.Delete(t.Context(), e.key(name))
	if err != nil {
		t.Fatal(err)
	}
	return kv.Revision(r.Header.Revision)
}

// value is the key's in the view, "" for none.
func (e *etcd) value(v mirror.View, name string) string {
	i := v.Get(e.key(name))
	if i == nil {
		return ""
	}
	return string(i.Value)
}

// fresh returns the key's value as a fresh look shows it.
func (e *etcd) fresh(t *testing.T, s *store.Store, name string) (value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), soon)
	defer cancel()
	if err := s.LookFresh(ctx, func(v mirror.View) { value = e.value(v, name) }); err != nil {
		t.Fatal(err)
	}
	return value
}

// receive wants something from the channel, soon.
func receive[T any](t *testing.T, c <-chan T, what string) (got T) {
	t.Helper()
	select {
	case got = <-c:
	case <-time.After(soon):
		t.Fatalf("no %s", what)
	}
	return got
}

// eventually waits for ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(soon); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
