package fencedlock_test

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/cpgate/cpgate/fencedlock"
)

// record is what callers and operators of one lock noted, each thing with a number that rises in real time. After the
// run it is held against what a lock promises.
type record struct {
	mu     sync.Mutex
	now    int
	holds  []*heldSpan
	forces []*forced
	faults []string
}

// heldSpan is a hold as its caller knows it: from the answer to just before whatever ends it.
type heldSpan struct {
	who   string
	fence fencedlock.Fence
	from  int
	to    int // 0 while it lasts
}

// forced is one ForceUnlock.
type forced struct {
	from, to int              // to is 0 while it is under way
	fence    fencedlock.Fence // that it took; 0: none
}

// tick needs r.mu.
func (r *record) tick() int {
	r.now++
	return r.now
}

func (r *record) begins(who string, f fencedlock.Fence) *heldSpan {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := &heldSpan{who: who, fence: f, from: r.tick()}
	r.holds = append(r.holds, h)
	return h
}

func (r *record) ends(h *heldSpan) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h.to = r.tick()
}

// forcing notes a ForceUnlock; the function returned notes what it took.
func (r *record) forcing() func(fencedlock.Fence) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := &forced{from: r.tick()}
	r.forces = append(r.forces, f)
	return func(took fencedlock.Fence) {
		r.mu.Lock()
		defer r.mu.Unlock()
		f.to, f.fence = r.tick(), took
	}
}

// mayBeForced reports whether the hold may have been taken: by a ForceUnlock that took it, or is under way.
func (r *record) mayBeForced(fence fencedlock.Fence) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.forces, func(f *forced) bool { return f.to == 0 || f.fence == fence })
}

// everForced reports whether anything was forced, or is being.
func (r *record) everForced() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.forces, func(f *forced) bool { return f.to == 0 || f.fence != 0 })
}

func (r *record) faultf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults = append(r.faults, fmt.Sprintf("%d: ", r.tick())+fmt.Sprintf(format, args...))
}

// verdict returns what is wrong with the whole: holds that overlap (L1), and fences that do not rise (L2).
func (r *record) verdict() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.tick()
	var spans []*heldSpan
	for _, h := range r.holds {
		if h.to == 0 {
			h.to = last
		}
		for _, f := range r.forces {
			if f.fence == h.fence {
				h.to = min(h.to, f.from)
			}
		}
		if h.from < h.to { // else it was taken before its caller heard of it
			spans = append(spans, h)
		}
	}
	slices.SortFunc(spans, func(a, b *heldSpan) int { return cmp.Compare(a.from, b.from) })
	for n, b := range spans {
		for _, a := range spans[:n] {
			switch {
			case a.to > b.from && a.fence != b.fence:
				r.faults = append(r.faults, fmt.Sprintf("%+v holds while %+v does (L1)", *b, *a))
			case a.fence > b.fence, a.fence == b.fence && a.who != b.who:
				r.faults = append(r.faults, fmt.Sprintf("%+v comes after %+v (L2)", *b, *a))
			}
		}
	}
	return r.faults
}
