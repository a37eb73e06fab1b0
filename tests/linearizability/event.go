package linearizability

import (
	"hash/maphash"

	"github.com/anishathalye/porcupine"
)

// event is what a call, or the end of a session, did to one object: at some moment between from and to.
type event struct {
	what     string // for people
	from, to int64
	do       func(object) bool // changes the object, and reports whether that could be
	ghost    bool              // see ghost
}

func at(what string, from, to int64, do func(object) bool) event {
	return event{what: what, from: from, to: to, do: do}
}

// object is the state of a lock, a semaphore or a latch in a model.
type object interface {
	clone() object
	known() *claims
	String() string // the same for the same state, and only then
}

// step is a state of an object with what tells it from others.
type step struct {
	object object
	key    string
}

var seed = maphash.MakeSeed()

// model is that of an object, from its first state on.
func model(first object) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return step{first, first.String()} },
		Step: func(state, input, _ any) (bool, any) {
			o := state.(step).object.clone()
			e := input.(event)
			if o.known().owed > 0 && !e.ghost || !e.do(o) {
				return false, state
			}
			return true, step{o, o.String()}
		},
		Equal:             func(a, b any) bool { return a.(step).key == b.(step).key },
		Hash:              func(s any) uint64 { return maphash.String(seed, s.(step).key) },
		DescribeOperation: func(input, _ any) string { return input.(event).what },
		DescribeState:     func(s any) string { return s.(step).key },
	}
}

// operations are the events as porcupine takes them, each in a row where no other is under way.
func operations(events []event) []porcupine.Operation {
	var all []porcupine.Operation
	var free []int64 // when each row is free again
	for _, e := range events {
		row := 0
		for row < len(free) && free[row] >= e.from {
			row++
		}
		if row == len(free) {
			free = append(free, 0)
		}
		free[row] = e.to
		all = append(all, porcupine.Operation{ClientId: row, Input: e, Call: e.from, Return: e.to})
	}
	return all
}
