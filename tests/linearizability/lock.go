package linearizability

import (
	"fmt"
	"slices"
)

// lock is a fenced lock: who holds it, how often, and the fences that were given out (L1, L2, L3, L5).
type lock struct {
	claims
	holder caller
	holds  []string // the requests that hold, the oldest first; empty when the lock is free
	fence  int64    // the holder's; 0 while nobody was told it
	last   int64    // the highest that anybody was told
	forced set      // holds that were taken away by force
}

func (l *lock) clone() object { c := *l; return &c }

func (l *lock) String() string {
	return key(l.holder.session, ".", l.holder.owner, " holds by", set(l.holds), ", fence ", l.fence, "; last fence ", l.last,
		"; dead", l.dead, "; under way", l.stages, "; forced", l.forced)
}

func (l *lock) free() bool { return len(l.holds) == 0 }

func (l *lock) heldBy(who caller) bool { return !l.free() && l.holder == who }

// take makes who hold once more, if nobody else holds.
func (l *lock) take(who caller, request string) bool {
	if !l.free() && l.holder != who {
		return false
	}
	if l.free() {
		l.holder, l.fence = who, 0
	}
	l.holds = append(slices.Clip(l.holds), request)
	return true
}

// see learns the holder's fence: it stays while it holds (L5), and is above all before (L2).
func (l *lock) see(fence int64) bool {
	if l.fence == 0 && fence > l.last {
		l.fence, l.last = fence, fence
	}
	l.witness()
	return l.fence == fence
}

// goesBy reports whether the holder's fence can be that one; 0 stands for any.
func (l *lock) goesBy(fence int64) bool { return fence == 0 || l.see(fence) }

// surely reports whether it is known to be.
func (l *lock) surely(fence int64) bool { return fence == 0 || l.fence == fence }

func (l *lock) release() {
	l.holder, l.holds, l.fence = caller{}, nil, 0
}

// pop gives the newest hold back.
func (l *lock) pop() {
	l.witness()
	if l.holds = l.holds[:len(l.holds)-1]; l.free() {
		l.release()
	}
}

// drop gives back the hold that a request got.
func (l *lock) drop(who caller, request string) {
	if i := slices.Index(l.holds, request); i >= 0 && l.holder == who {
		if l.holds = slices.Delete(slices.Clone(l.holds), i, i+1); l.free() {
			l.release()
		}
	}
}

func (l *lock) end(session string) {
	l.dead = l.dead.with(session)
	if !l.free() && l.holder.session == session {
		l.release()
	}
}

// force takes the hold away from whoever has it.
func (l *lock) force() {
	l.forced = l.forced.with(deposed(l.holder, l.fence))
	l.release()
}

// wasForced reports whether a hold of that caller was forced, the one of that fence if there was any doubt.
func (l *lock) wasForced(who caller, fence int64) bool {
	return l.forced.has(deposed(who, fence)) || l.forced.has(deposed(who, 0))
}

func deposed(who caller, fence int64) string { return fmt.Sprint(who, " ", fence) }
