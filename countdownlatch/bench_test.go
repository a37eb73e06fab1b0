package countdownlatch_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/cpgate/cpgate/countdownlatch"
)

// BenchmarkCountDown is arrivals in rounds of 100,000, as many at a time as there are processors, times 16.
func BenchmarkCountDown(b *testing.B) {
	w := newWorld(b)
	g := w.gateway()
	g.set("gate", countdownlatch.MaxCount, "s0")
	var next atomic.Int64
	b.SetParallelism(16)
	b.RunParallel(func(p *testing.PB) {
		for p.Next() {
			n := next.Add(1)
			a := g.arrive("gate", fmt.Sprintf("c%d", n))
			if a.Remaining == 0 {
				_, _ = g.TrySetCount(b.Context(), countdownlatch.SetRequest{
					Name: "gate", Count: countdownlatch.MaxCount, RequestID: fmt.Sprintf("s%d", n),
				})
			}
		}
	})
}

// BenchmarkAwait is the look at a latch that was reached.
func BenchmarkAwait(b *testing.B) {
	w := newWorld(b)
	g := w.gateway()
	g.set("gate", 1, "s")
	g.arrive("gate", "c")
	for b.Loop() {
		if a, err := g.Await(b.Context(), awaitOf("gate")); err != nil || !a.Completed {
			b.Fatalf("got %+v, %v", a, err)
		}
	}
}
