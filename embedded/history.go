package embedded

import "time"

// history remembers which revision the store had at what time, so that what has grown older than age can be
// dropped. It is used with rising times and revisions.
type history struct {
	age   time.Duration
	marks []mark
}

type mark struct {
	at  time.Time
	rev int64
}

// Add notes that the store has reached rev at the time now.
func (h *history) Add(now time.Time, rev int64) { h.marks = append(h.marks, mark{at: now, rev: rev}) }

// Due returns the newest revision that the store had passed age ago, 0 while none is old enough, and forgets
// the marks before it.
func (h *history) Due(now time.Time) int64 {
	old := 0
	for old < len(h.marks) && now.Sub(h.marks[old].at) >= h.age {
		old++
	}
	if old == 0 {
		return 0
	}
	h.marks = h.marks[old-1:]
	return h.marks[0].rev
}
