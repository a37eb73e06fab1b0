package fencedlock_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

const (
	// grace is what the gateways of these tests give to a caller who left.
	grace = 200 * time.Millisecond
	// patience is how long a test waits for what must come.
	patience = 20 * time.Second
)

// shared is the one member that nearly all tests use, each below a prefix of its own.
var shared *embedded.Member

func TestMain(m *testing.M) {
	code, err := withMember(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withMember(run func() int) (code int, err error) {
	dir, err := os.MkdirTemp("", "fencedlock")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	shared, err = embedded.Start(context.Background(), embedded.Config{DataDir: dir})
	if err != nil {
		return 1, err
	}
	return run(), shared.Close()
}

// world is a range of keys in one etcd, with any number of gateways that serve it.
type world struct {
	t      testing.TB
	member *embedded.Member
	etcd   *clientv3.Client
	space  keys.Space
	prefix string
	grace  time.Duration
	next   int
}

var worlds atomic.Int64

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldOn(t, shared, fmt.Sprintf("w%d/", worlds.Add(1)))
}

func worldOn(t testing.TB, m *embedded.Member, prefix string) *world {
	w := &world{t: t, member: m, etcd: m.NewClient(), space: keys.NewSpace(prefix), prefix: prefix, grace: grace}
	t.Cleanup(func() { w.etcd.Close() })
	return w
}

// gateway is what serves locks, without the port. What it hears from etcd can be held back, and what it commits
// can get lost.
type gateway struct {
	*fencedlock.Locks
	w        *world
	id       string
	store    *store.Store
	sessions *session.Keeper
	presence *session.Presence
	late     *lateWatcher
	lossy    *lossyKV
}

func (w *world) gateway(limits ...string) *gateway {
	w.t.Helper()
	rules, err := fencedlock.ParseLimits(limits)
	if err != nil {
		w.t.Fatal(err)
	}
	w.next++
	g := &gateway{w: w, id: fmt.Sprintf("%s-%d", strings.TrimSuffix(w.prefix, "/"), w.next)}
	g.open()
	g.Locks = fencedlock.New(g.store, g.sessions, rules)
	return g
}

func (g *gateway) open() {
	w, c := g.w, g.w.member.NewFollower()
	g.late, g.lossy = newLateWatcher(c.Watcher), &lossyKV{KV: c.KV}
	c.Watcher, c.KV = g.late, g.lossy
	var err error
	g.store, err = store.Open(w.t.Context(), store.Config{
		Client: c, Space: w.space, Gateway: g.id, Grace: w.grace, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	g.sessions = session.NewKeeper(session.Config{
		Store: g.store, TTL: 60 * time.Second, Interval: 5 * time.Second,
		Leases: adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(w.member.Server())),
	})
	if g.presence, err = g.sessions.Announce(w.t.Context(), g.id, ""); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		g.late.letGo()
		g.lossy.lose(nil)
		_ = g.presence.Leave(context.Background())
		g.store.Close()
		c.Close()
	})
}

// open opens a session; the request names it within this world only.
func (g *gateway) session(request string, ttlSeconds int32) session.ID {
	g.w.t.Helper()
	o := session.Opening{RequestID: g.w.prefix + request, TTLSeconds: ttlSeconds}
	b, err := g.sessions.Open(g.w.t.Context(), o)
	if err != nil {
		g.w.t.Fatal(err)
	}
	return b.ID
}

// caller opens a session and returns its caller without an owner.
func (g *gateway) caller(request string) fencedlock.Caller {
	g.w.t.Helper()
	return fencedlock.Caller{Session: g.session(request, 60)}
}

// current returns when the gateway has seen all that was answered so far.
func (g *gateway) current() {
	g.w.t.Helper()
	ctx, cancel := context.WithTimeout(g.w.t.Context(), patience)
	defer cancel()
	if _, err := g.Get(ctx, "nothing"); err != nil {
		g.w.t.Fatal(err)
	}
}

// pending is a Lock that was asked for and may not be answered yet.
type pending struct {
	t      testing.TB
	w      *world
	r      fencedlock.LockRequest
	leave  context.CancelFunc
	done   chan struct{}
	answer fencedlock.LockAnswer
	err    error
}

// begin asks for a lock and does not wait for the answer.
func (g *gateway) begin(r fencedlock.LockRequest) *pending {
	ctx, leave := context.WithCancel(g.w.t.Context())
	p := g.beginWith(ctx, r)
	p.leave = leave
	return p
}

// beginWith asks for a lock for as long as ctx.
func (g *gateway) beginWith(ctx context.Context, r fencedlock.LockRequest) *pending {
	p := &pending{t: g.w.t, w: g.w, r: r, done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.answer, p.err = g.Lock(ctx, r)
	}()
	return p
}

// await returns the answer, which must come.
func (p *pending) await() (fencedlock.LockAnswer, error) {
	p.t.Helper()
	select {
	case <-p.done:
		return p.answer, p.err
	case <-time.After(patience):
		p.t.Fatal("no answer")
		return fencedlock.LockAnswer{}, nil
	}
}

func (p *pending) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// held returns the answer, which must be that the caller holds.
func (p *pending) held() fencedlock.LockAnswer {
	p.t.Helper()
	a, err := p.await()
	if err != nil || a.Outcome != fencedlock.Acquired {
		p.t.Fatalf("got %+v, %v; want the lock", a, err)
	}
	return a
}

// fails checks that the answer is the error.
func (p *pending) fails(want error) {
	p.t.Helper()
	if a, err := p.await(); !errors.Is(err, want) {
		p.t.Fatalf("got %+v, %v; want %v", a, err, want)
	}
}

// eventually waits for what must become true.
func (w *world) eventually(what string, is func() bool) {
	w.t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("still not: %s\n%s", what, strings.Join(w.dump(), "\n"))
		}
	}
}

func patient() *time.Duration { return nil }

func within(d time.Duration) *time.Duration { return &d }

// lockOf asks for the lock that these tests share.
func lockOf(c fencedlock.Caller, request string, timeout *time.Duration) fencedlock.LockRequest {
	return fencedlock.LockRequest{Name: "orders", Caller: c, RequestID: request, Timeout: timeout}
}

// unlock gives a hold back, after which left remain.
func unlock(t testing.TB, g *gateway, c fencedlock.Caller, request string, left int) {
	t.Helper()
	a, err := g.Unlock(t.Context(), fencedlock.UnlockRequest{Name: "orders", Caller: c, RequestID: request})
	if err != nil || a.HoldCount != left || a.AlreadyReleased {
		t.Fatalf("unlocking got %+v, %v; want %d holds left", a, err, left)
	}
}

var runs = flag.Int("fencedlock.runs", 1, "how often the usual number of random runs")

// budget returns whether there is time for another random run: a slow machine, or the race detector, makes fewer.
func budget(d time.Duration) func() bool {
	end := time.Now().Add(d * time.Duration(*runs))
	return func() bool { return time.Now().Before(end) }
}

// scaled is how many random runs a test makes where n are usual: a fifth with -short.
func scaled(n int) int {
	if testing.Short() {
		return max(1, n/5)
	}
	return n * *runs
}

func request(name string, c fencedlock.Caller, id string) fencedlock.LockRequest {
	return fencedlock.LockRequest{Name: keys.Name(name), Caller: c, RequestID: id}
}
