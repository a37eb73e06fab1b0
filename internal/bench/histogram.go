package bench

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

const (
	// precision is how many buckets there are for each doubling: a bucket is at most 1/64 as wide as what is in it is long.
	precision = 64
	// buckets are enough for every positive time.Duration.
	buckets = (63 - 6 + 1) * precision
)

// Histogram counts durations, exactly up to 127 ns and to 1.6 % above. It takes the same 30 kB however many there are,
// and may be used by many goroutines. The zero value is an empty one.
type Histogram struct {
	counts [buckets]atomic.Int64
	total  atomic.Int64
	max    atomic.Int64
}

// Add counts d in; what is below 0 counts as 0.
func (h *Histogram) Add(d time.Duration) {
	n := max(int64(d), 0)
	h.counts[bucket(n)].Add(1)
	h.total.Add(1)
	for old := h.max.Load(); n > old && !h.max.CompareAndSwap(old, n); {
		old = h.max.Load()
	}
}

// Count gives how many durations were added.
func (h *Histogram) Count() int64 { return h.total.Load() }

// Max gives the longest, exactly; 0 for none.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max.Load()) }

// Quantile gives what the share q (0 to 1) of the durations did not exceed; 0 for none.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := max(int64(math.Ceil(q*float64(h.Count()))), 1)
	for i := range h.counts {
		if rank -= h.counts[i].Load(); rank <= 0 {
			return min(longest(i), h.Max())
		}
	}
	return h.Max()
}

// bucket is the place of n, at least 0. What is shorter than two times the precision has a bucket of its own; of all else
// the leading seven bits count.
func bucket(n int64) int {
	shift := max(bits.Len64(uint64(n))-bits.Len(precision), 0)
	return shift*precision + int(n>>shift)
}

// longest is the longest duration in a bucket.
func longest(i int) time.Duration {
	shift := max(i/precision-1, 0)
	return time.Duration(int64(i-shift*precision+1)<<shift - 1)
}
