package bench_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cpgate/cpgate/internal/bench"
)

func TestHistogram_TellsQuantilesAsSortedSamplesDo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var h bench.Histogram
		spread := random.Float64() * 40 // up to 2^40 ns, a quarter of an hour
		samples := make([]time.Duration, 1+random.IntN(2000))
		for i := range samples {
			samples[i] = time.Duration(math.Exp2(random.Float64() * spread))
			h.Add(samples[i])
		}
		slices.Sort(samples)
		for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.99, 1} {
			want := samples[max(int(math.Ceil(q*float64(len(samples)))), 1)-1]
			if got := h.Quantile(q); got < want || got > want+want/64 {
				t.Errorf("%v of %d samples is %v, want %v", q, len(samples), got, want)
			}
		}
		if got, want := h.Max(), samples[len(samples)-1]; got != want || h.Count() != int64(len(samples)) {
			t.Errorf("the longest of %d is %v, want %v of %d", h.Count(), got, want, len(samples))
		}
	}
}

func TestHistogram_TakesWhateverADurationCanBe(t *testing.T) {
	var h bench.Histogram
	if h.Quantile(0.5) != 0 || h.Max() != 0 {
		t.Errorf("of none: %v, %v", h.Quantile(0.5), h.Max())
	}
	for _, d := range []time.Duration{math.MinInt64, -1, 0, 1, 127, 128, math.MaxInt64} {
		h.Add(d)
	}
	if h.Count() != 7 || h.Quantile(0.3) != 0 || h.Quantile(1) != math.MaxInt64 {
		t.Errorf("of %d: %v, %v", h.Count(), h.Quantile(0.3), h.Quantile(1))
	}
}

func TestHistogram_LosesNothingOfWhatManyAdd(t *testing.T) {
	var h bench.Histogram
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			for i := range 1000 {
				h.Add(time.Duration(n*1000 + i))
			}
		})
	}
	group.Wait()
	if h.Count() != 8000 || h.Max() != 7999 {
		t.Errorf("%d, the longest %v", h.Count(), h.Max())
	}
}
