package tests

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	pb "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// crowd is how many acquire and release, or arrive, side by side.
const crowd = 64

// BenchmarkAcquireRelease measures an acquire and a release of one permit by 64 callers side by side, each commit
// durable: on semaphores of their own, on one that has a permit for each, on one that has a permit for every eighth,
// and on one without sessions.
func BenchmarkAcquireRelease(b *testing.B) {
	for _, c := range []struct {
		what        string
		semaphores  int
		permits     int32
		sessionless bool
	}{
		{what: "semaphores=64", semaphores: crowd, permits: 1},
		{what: "semaphores=1/permits=64", semaphores: 1, permits: crowd},
		{what: "semaphores=1/permits=8", semaphores: 1, permits: crowd / 8},
		{what: "semaphores=1/permits=64/sessionless", semaphores: 1, permits: crowd, sessionless: true},
	} {
		b.Run(c.what, func(b *testing.B) {
			x := startBench(b)
			session := ""
			if !c.sessionless {
				session = x.open(b)
			}
			for n := range c.semaphores {
				q := &pb.InitSemaphoreRequest{Name: strconv.Itoa(n), Permits: c.permits, Sessionless: c.sessionless}
				if _, err := x.semaphores.InitSemaphore(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
			share(b, crowd, func(n int) error { return x.lend(b.Context(), strconv.Itoa(n%c.semaphores), session) })
		})
	}
}

// lend acquires and releases a permit once.
func (x bench) lend(ctx context.Context, name, session string) error {
	got, err := x.semaphores.Acquire(ctx, &pb.AcquireRequest{Name: name, SessionId: session})
	if err != nil {
		return err
	}
	if got.GetOutcome() != pb.AcquireResponse_ACQUIRED {
		return fmt.Errorf("acquiring %s: %v", name, got)
	}
	q := &pb.ReleaseRequest{Name: name, SessionId: session, TicketId: got.GetTicketId()}
	_, err = x.semaphores.Release(ctx, q)
	return err
}

// BenchmarkCountDown measures an arrival at a latch at which 64 callers arrive side by side.
func BenchmarkCountDown(b *testing.B) {
	x := startBench(b)
	begin := &pb.TrySetCountRequest{Name: "gate", Count: 100_000}
	if _, err := x.latches.TrySetCount(b.Context(), begin); err != nil {
		b.Fatal(err)
	}
	share(b, crowd, func(int) error {
		a, err := x.latches.CountDown(b.Context(), &pb.CountDownRequest{Name: "gate"})
		if err == nil && a.GetRemaining() == 0 {
			_, err = x.latches.TrySetCount(b.Context(), begin)
		}
		return err
	})
}

// BenchmarkAwait measures how long it takes from the last arrival at a latch until the last one of those who wait for it
// is answered.
func BenchmarkAwait(b *testing.B) {
	for _, awaiters := range []int{10, 1_000, 10_000} {
		b.Run(fmt.Sprintf("awaiters=%d", awaiters), func(b *testing.B) {
			if testing.Short() && awaiters > 1_000 {
				b.Skip("takes seconds to gather those who wait; run without -short")
			}
			x := startBench(b)
			b.ReportAllocs()
			for range b.N {
				b.StopTimer()
				wait := x.gather(b, awaiters)
				b.StartTimer()
				if _, err := x.latches.CountDown(b.Context(), &pb.CountDownRequest{Name: "gate"}); err != nil {
					b.Fatal(err)
				}
				wait()
			}
		})
	}
}

// gather sets a latch that lacks one arrival, lets so many wait for it, and returns what waits for all of them.
func (x bench) gather(b *testing.B, awaiters int) (wait func()) {
	b.Helper()
	if _, err := x.latches.TrySetCount(b.Context(), &pb.TrySetCountRequest{Name: "gate", Count: 1}); err != nil {
		b.Fatal(err)
	}
	var group sync.WaitGroup
	for range awaiters {
		group.Go(func() {
			if a, err := x.latches.Await(b.Context(), &pb.AwaitRequest{Name: "gate"}); err != nil || !a.GetCompleted() {
				b.Errorf("waiting: %v, %v", a, err)
			}
		})
	}
	gauge := fmt.Sprintf("\ncpgate_calls_running{method=%q} %d\n", pb.CountDownLatchService_Await_FullMethodName, awaiters)
	for end := time.Now().Add(time.Minute); !strings.Contains(x.metrics(b), gauge); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatal("not all of them wait")
		}
	}
	return group.Wait
}

func (x bench) metrics(b *testing.B) string {
	b.Helper()
	resp, err := http.Get("http://" + x.addr + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	told, err := io.ReadAll(resp.Body)
	if err != nil {
		b.Fatal(err)
	}
	return string(told)
}
