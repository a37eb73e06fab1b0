package sim

import (
	"iter"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
)

// past is all that ever was true of something, oldest first.
type past[T any] []moment[T]

// moment is what was true from a revision, and a step, on.
type moment[T any] struct {
	rev  kv.Revision
	step int
	was  T
}

// at returns what was true at a revision.
func (p past[T]) at(rev kv.Revision) (was T) {
	for _, m := range slices.Backward(p) {
		if m.rev <= rev {
			return m.was
		}
	}
	return was
}

// since returns what was true at any time from a step on, newest first.
func (p past[T]) since(step int) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, m := range slices.Backward(p) {
			if !yield(m.was) || m.step <= step {
				return
			}
		}
		var nothing T
		yield(nothing) // before all that is known
	}
}
