package linearizability_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate/tests/linearizability"
)

// workforce is how many work on each object: a third each over gRPC, over REST, and with the Go client.
const workforce = 6

// order is bounded by these: how long work pauses, so that porcupine comes to an end.
const restBetween = 40 * time.Millisecond

// objects are what is worked on in one history, by kind.
var objects = []string{"lock", "lock", "semaphore", "semaphore", "counter", "latch", "latch"}

// site is a cluster as clients reach it.
type site struct {
	addrs []string
	conns []*grpc.ClientConn
	http  *http.Client
}

func newSite(t *testing.T, addrs []string) *site {
	t.Helper()
	s := &site{addrs: addrs, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	t.Cleanup(s.http.CloseIdleConnections)
	for _, a := range addrs {
		c, err := grpc.NewClient("passthrough:///"+a, grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithConnectParams(grpc.ConnectParams{
				Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, MaxDelay: 500 * time.Millisecond},
				MinConnectTimeout: silence,
			}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		s.conns = append(s.conns, c)
	}
	return s
}

// ways are those of one worker to the members.
func (s *site) ways(r *recorder, name string, rest bool) (all []dial) {
	for i, a := range s.addrs {
		if rest {
			all = append(all, r.watched(name, "REST", a, over(s.http, a)))
			continue
		}
		all = append(all, r.watched(name, "gRPC", a, func(ctx context.Context, method string, q, a proto.Message) error {
			return s.conns[i].Invoke(ctx, method, q, a)
		}))
	}
	return all
}

// works on objects of fresh names, as long as disturb takes and until there are enough calls; disturb breaks the
// cluster meanwhile, and mends it. What is left when all have stopped is looked at, and it all is in the history.
func (s *site) record(t *testing.T, seed uint64, calls int64, disturb func(ctx context.Context)) linearizability.History {
	t.Helper()
	life, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	ctx, stop := context.WithCancel(life)
	defer stop()
	l := &load{recorder: &recorder{began: time.Now()}, ctx: ctx, life: life}
	var done atomic.Int64
	random := rand.New(rand.NewPCG(seed, 0))
	for i, kind := range objects {
		name := fmt.Sprintf("%s-%d-%d", kind, seed, i)
		for n := range workforce {
			l.group.Go(l.employ(t, s, kind, name, n, rand.New(rand.NewPCG(random.Uint64(), 0)), &done))
		}
	}
	disturb(ctx)
	for done.Load() < calls && life.Err() == nil {
		sleep(life, 50*time.Millisecond)
	}
	stop()
	l.group.Wait()
	s.finish(t, l, seed)
	return l.all()
}

// employ makes the n-th who works on an object.
func (l *load) employ(t *testing.T, s *site, kind, object string, n int, r *rand.Rand, done *atomic.Int64) func() {
	name := fmt.Sprintf("%s/%d", object, n)
	if n%3 == 2 {
		turned := append(append([]string{}, s.addrs[n%len(s.addrs):]...), s.addrs[:n%len(s.addrs)]...)
		c, err := l.customer(name, object, turned, r)
		if err != nil {
			t.Fatal(err)
		}
		work := map[string]func(){
			"lock": c.workOnLock, "semaphore": c.workOnSemaphore, "counter": c.workOnCounter, "latch": c.workOnLatch,
		}[kind]
		return func() {
			l.repeat(work, r, done)
			_ = c.lib.Close() // what it left behind is looked for at the end
		}
	}
	w := &worker{load: l, rand: r, name: name, object: object, ways: s.ways(l.recorder, name, n%3 == 1)}
	w.now = n % len(w.ways)
	work := map[string]func(){
		"lock": w.workOnLock, "semaphore": w.workOnSemaphore, "counter": w.workOnCounter, "latch": w.workOnLatch,
	}[kind]
	return func() {
		l.repeat(work, r, done)
		w.leave()
	}
}

func (l *load) repeat(work func(), r *rand.Rand, done *atomic.Int64) {
	for l.ctx.Err() == nil {
		work()
		done.Add(1)
		sleep(l.ctx, time.Duration(r.Int64N(int64(restBetween))))
	}
}
