package tests

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/cpgatetest"
	pb "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// bench is a node and a plain gRPC connection to it, as any language's client would have.
type bench struct {
	addr       string
	locks      pb.FencedLockServiceClient
	semaphores pb.SemaphoreServiceClient
	latches    pb.CountDownLatchServiceClient
	sessions   pb.SessionServiceClient
}

func startBench(b *testing.B) bench {
	b.Helper()
	node := cpgatetest.Start(b)
	conn, err := grpc.NewClient(node.Addr(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	return bench{
		node.Addr(), pb.NewFencedLockServiceClient(conn), pb.NewSemaphoreServiceClient(conn),
		pb.NewCountDownLatchServiceClient(conn), pb.NewSessionServiceClient(conn),
	}
}

func (x bench) open(b *testing.B) string {
	b.Helper()
	s, err := x.sessions.OpenSession(b.Context(), &pb.OpenSessionRequest{TtlSeconds: 600})
	if err != nil {
		b.Fatal(err)
	}
	return s.GetSessionId()
}

// cycle locks and unlocks once.
func (x bench) cycle(ctx context.Context, name, session, owner string) error {
	got, err := x.locks.Lock(ctx, &pb.LockRequest{Name: name, SessionId: session, Owner: owner})
	if err != nil {
		return err
	}
	if got.GetOutcome() != pb.LockResponse_ACQUIRED {
		return fmt.Errorf("locking %s: %v", name, got)
	}
	_, err = x.locks.Unlock(ctx, &pb.UnlockRequest{Name: name, SessionId: session, Owner: owner, Fence: got.GetFence()})
	return err
}

// BenchmarkLockUnlock measures a lock and an unlock of a lock of the caller's own, each commit durable.
func BenchmarkLockUnlock(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			x := startBench(b)
			session := x.open(b)
			share(b, callers, func(n int) error { return x.cycle(b.Context(), "own-"+strconv.Itoa(n), session, "") })
		})
	}
}

// share measures b.N rounds of work that so many callers, by their numbers, do side by side.
func share(b *testing.B, callers int, work func(n int) error) {
	b.Helper()
	b.ReportAllocs()
	b.ResetTimer()
	var group sync.WaitGroup
	for n := range callers {
		group.Go(func() {
			for i := n; i < b.N; i += callers {
				if err := work(n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// BenchmarkHandOver measures how long it takes from one holder's unlock to the next one's hold, over and over, while
// the given number of others wait in the same line. Whoever has held goes to the end of the line.
func BenchmarkHandOver(b *testing.B) {
	for _, waiters := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("waiters=%d", waiters), func(b *testing.B) {
			if testing.Short() && waiters > 1_000 {
				b.Skip("takes seconds to fill the line; run without -short")
			}
			x := startBench(b)
			line := startLine(b, x, waiters)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				line.handOver(b)
			}
			b.StopTimer()
			line.stop()
		})
	}
}

// line is one lock on which many wait.
type line struct {
	x       bench
	ctx     context.Context
	stop    func()
	session map[string]string // by owner
	held    chan string       // who has just got it
	fence   map[string]int64
	failed  chan error
	mu      sync.Mutex
}

// perSession keeps below the 1,000 tickets that one session may have.
const perSession = 500

func startLine(b *testing.B, x bench, waiters int) *line {
	b.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &line{x: x, ctx: ctx, session: map[string]string{}, held: make(chan string, waiters+1), failed: make(chan error, 1), fence: map[string]int64{}}
	var group sync.WaitGroup
	l.stop = func() { cancel(); group.Wait() }
	b.Cleanup(l.stop)
	session := ""
	for n := range waiters + 1 {
		if n%perSession == 0 {
			session = x.open(b)
		}
		owner := strconv.Itoa(n)
		l.session[owner] = session
	}
	for owner := range l.session {
		group.Go(func() { l.enter(owner) })
	}
	for l.waiting(b) < waiters {
		select {
		case err := <-l.failed:
			b.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return l
}

func (l *line) waiting(b *testing.B) int {
	b.Helper()
	got, err := l.x.locks.GetLock(b.Context(), &pb.GetLockRequest{Name: "hot"})
	if err != nil {
		b.Fatal(err)
	}
	return int(got.GetLock().GetWaiterCount())
}

// enter waits in line for the lock, and says when it has it.
func (l *line) enter(owner string) {
	got, err := l.x.locks.Lock(l.ctx, &pb.LockRequest{
		Name: "hot", SessionId: l.session[owner], Owner: owner, Timeout: durationpb.New(time.Hour),
	})
	if err != nil {
		if l.ctx.Err() == nil {
			select {
			case l.failed <- err:
			default: // one tells enough
			}
		}
		return
	}
	l.mu.Lock()
	l.fence[owner] = got.GetFence()
	l.mu.Unlock()
	l.held <- owner
}

// handOver lets the holder unlock and go to the end of the line, and returns when the next one holds.
func (l *line) handOver(b *testing.B) {
	var owner string
	select {
	case owner = <-l.held:
	case err := <-l.failed:
		b.Fatal(err)
	}
	l.mu.Lock()
	fence := l.fence[owner]
	l.mu.Unlock()
	_, err := l.x.locks.Unlock(b.Context(), &pb.UnlockRequest{
		Name: "hot", SessionId: l.session[owner], Owner: owner, Fence: fence,
	})
	if err != nil {
		b.Fatal(err)
	}
	go l.enter(owner)
}
