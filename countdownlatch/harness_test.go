package countdownlatch_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3rpc"
	"go.etcd.io/etcd/server/v3/proxy/grpcproxy/adapter"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

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
	dir, err := os.MkdirTemp("", "countdownlatch")
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
	next   int
}

var worlds atomic.Int64

func newWorld(t testing.TB) *world {
	t.Helper()
	return worldOn(t, shared, fmt.Sprintf("w%d/", worlds.Add(1)))
}

func worldOn(t testing.TB, m *embedded.Member, prefix string) *world {
	w := &world{t: t, member: m, etcd: m.NewClient(), space: keys.NewSpace(prefix), prefix: prefix}
	t.Cleanup(func() { w.etcd.Close() })
	return w
}

// gateway is what serves latches, without the port. What it hears from etcd can be held back, and what it commits can
// get lost.
type gateway struct {
	*countdownlatch.Latches
	w     *world
	store *store.Store
	late  *lateWatcher
	lossy *lossyKV
}

func (w *world) gateway() *gateway {
	w.t.Helper()
	w.next++
	c := w.member.NewFollower()
	g := &gateway{w: w, late: newLateWatcher(c.Watcher), lossy: &lossyKV{KV: c.KV}}
	c.Watcher, c.KV = g.late, g.lossy
	var err error
	g.store, err = store.Open(w.t.Context(), store.Config{
		Client: c, Space: w.space, Gateway: fmt.Sprint(w.next), Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	sessions := session.NewKeeper(session.Config{
		Store:  g.store,
		Leases: adapter.LeaseServerToLeaseClient(v3rpc.NewQuotaLeaseServer(w.member.Server())),
	})
	g.Latches = countdownlatch.New(g.store, sessions)
	w.t.Cleanup(func() {
		g.late.letGo()
		g.store.Close()
		c.Close()
	})
	return g
}

// gateways returns so many of them.
func (w *world) gateways(n int) (all []*gateway) {
	w.t.Helper()
	for range n {
		all = append(all, w.gateway())
	}
	return all
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

// set begins a round.
func (g *gateway) set(n keys.Name, count int32, request string) countdownlatch.Round {
	g.w.t.Helper()
	a, err := g.TrySetCount(g.w.t.Context(), countdownlatch.SetRequest{Name: n, Count: count, RequestID: request})
	if err != nil || !a.Set {
		g.w.t.Fatalf("setting %q got %+v, %v", n, a, err)
	}
	return a.Round
}

// arrive counts down once.
func (g *gateway) arrive(n keys.Name, request string) countdownlatch.CountDownAnswer {
	g.w.t.Helper()
	a, err := g.CountDown(g.w.t.Context(), countdownlatch.CountDownRequest{Name: n, RequestID: request})
	if err != nil {
		g.w.t.Fatalf("%s counting down %q: %v", request, n, err)
	}
	return a
}

// waiting is an Await that may not be answered yet.
type waiting struct {
	*countdownlatch.AwaitCall
	t      testing.TB
	leave  context.CancelFunc
	once   sync.Once
	waits  chan struct{}
	looks  atomic.Int64
	done   chan struct{}
	at     time.Time // of the answer
	answer countdownlatch.AwaitAnswer
	err    error
}

// begin awaits a latch and returns when the call waits, or is answered.
func (g *gateway) begin(n keys.Name, timeout *time.Duration) *waiting {
	g.w.t.Helper()
	p := g.ask(n, timeout)
	select {
	case <-p.waits:
	case <-p.done:
	case <-time.After(patience):
		g.w.t.Fatal("neither waits nor is answered")
	}
	return p
}

// ask awaits a latch, from some moment on.
func (g *gateway) ask(n keys.Name, timeout *time.Duration) *waiting {
	ctx, leave := context.WithCancel(g.w.t.Context())
	p := &waiting{t: g.w.t, leave: leave, done: make(chan struct{}), waits: make(chan struct{})}
	p.AwaitCall = countdownlatch.NewAwaitCall(g.w.space, countdownlatch.AwaitRequest{Name: n, Timeout: timeout})
	go func() {
		defer close(p.done)
		if p.err = g.store.Run(ctx, p, timeout); p.err == nil {
			p.answer, p.err = p.Answer()
		}
		p.at = time.Now()
	}()
	return p
}

// Next tells when the call waits, and how often it looked.
func (p *waiting) Next(v mirror.View) kv.Step {
	p.looks.Add(1)
	step := p.AwaitCall.Next(v)
	if step.Wait {
		p.once.Do(func() { close(p.waits) })
	}
	return step
}

// end returns the answer, which must come.
func (p *waiting) end() (countdownlatch.AwaitAnswer, error) {
	p.t.Helper()
	select {
	case <-p.done:
		return p.answer, p.err
	case <-time.After(patience):
		p.t.Fatal("no answer")
		return countdownlatch.AwaitAnswer{}, nil
	}
}

// completed checks that zero was reached in the round.
func (p *waiting) completed(r countdownlatch.Round) {
	p.t.Helper()
	want := countdownlatch.AwaitAnswer{Completed: true, Round: r}
	if a, err := p.end(); err != nil || a != want {
		p.t.Fatalf("got %+v, %v; want %+v", a, err, want)
	}
}

// fails checks that the answer is the error.
func (p *waiting) fails(want error) {
	p.t.Helper()
	if a, err := p.end(); !errors.Is(err, want) {
		p.t.Fatalf("got %+v, %v; want %v", a, err, want)
	}
}

func (p *waiting) over() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
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

// keys returns what etcd has, read without any of the product's code.
func (w *world) keys() []*mvccpb.KeyValue {
	w.t.Helper()
	r, err := w.etcd.Get(w.t.Context(), w.prefix, clientv3.WithPrefix())
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Kvs
}

// left returns the keys of this world that are not memos.
func (w *world) left() (all []string) {
	w.t.Helper()
	for _, k := range w.keys() {
		if key := strings.TrimPrefix(string(k.Key), w.prefix); !strings.HasPrefix(key, "memo/") {
			all = append(all, key)
		}
	}
	return all
}

// memos returns what is remembered.
func (w *world) memos() map[string]string {
	w.t.Helper()
	all := map[string]string{}
	for _, k := range w.keys() {
		if key, ok := strings.CutPrefix(string(k.Key), w.prefix+"memo/-/latch/"); ok {
			all[key] = string(k.Value)
		}
	}
	return all
}

func (w *world) dump() (all []string) {
	w.t.Helper()
	for _, k := range w.keys() {
		all = append(all, fmt.Sprintf("%s = %s (created %d, put %d)", k.Key, k.Value, k.CreateRevision, k.ModRevision))
	}
	return all
}

func (w *world) put(key, value string) {
	w.t.Helper()
	if _, err := w.etcd.Put(w.t.Context(), w.prefix+key, value); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(key string) {
	w.t.Helper()
	if _, err := w.etcd.Delete(w.t.Context(), w.prefix+key); err != nil {
		w.t.Fatal(err)
	}
}

func within(d time.Duration) *time.Duration { return &d }

func awaitOf(n keys.Name) countdownlatch.AwaitRequest { return countdownlatch.AwaitRequest{Name: n} }
