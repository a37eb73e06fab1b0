package countdownlatch

import (
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
	"github.com/cpgate/cpgate/internal/value"
)

// scene is one latch at one revision.
type scene struct {
	view      mirror.View
	name      keys.Name
	group     string      // what every key but the record starts with
	record    *kv.Item    // nil for a latch never set
	latch     value.Latch // what it says
	readable  bool
	remaining int32
}

func look(v mirror.View, n keys.Name) scene {
	s := scene{view: v, name: n}
	s.group, _ = v.Space().GroupOf(v.Space().Latch(n))
	s.record, s.latch, s.remaining, s.readable = v.Latch(s.group)
	return s
}

// round returns the round that is on, 0 for a latch never set.
func (s scene) round() Round {
	if s.record == nil {
		return 0
	}
	return Round(s.record.Mod)
}

// last returns the round before it, 0 for none.
func (s scene) last() Round { return Round(s.latch.Last) }

// damaged returns the error of a record that can't be read, nil for any other.
func (s scene) damaged() error {
	if s.record == nil || s.readable {
		return nil
	}
	return &keys.DamagedError{Key: s.record.Key}
}

// state describes the latch.
func (s scene) state() State {
	st := State{Name: string(s.name), Remaining: s.remaining, Round: s.round()}
	if s.readable {
		st.Count = s.latch.Count
	}
	return st
}

func (s scene) arrival(r Round, request string) string {
	return s.view.Space().Arrival(s.name, int64(r), request)
}

// arrived reports whether the request arrived in the round that is on, or in the last one.
func (s scene) arrived(request string) bool {
	in := func(r Round) bool { return r != 0 && s.view.Get(s.arrival(r, request)) != nil }
	return in(s.round()) || in(s.last())
}

// counts reports whether an arrival in round r means anything: it does in the round that is on and in the last one.
func (s scene) counts(r Round) bool { return r != 0 && (r == s.round() || r == s.last()) }

// old returns what deletes the keys that mean nothing, most of them at a time. However late the view is, no round
// yet to come can make them mean something again.
func (s scene) old(most int) (ops []kv.Op) {
	from, again := s.group, true
	for again {
		again = false
		s.view.Scan(s.group, from, func(i *kv.Item) bool {
			n, _ := keys.ParseArrival(s.group, i.Key)
			if again = s.counts(Round(n)); again {
				from = s.view.Space().LatchRound(s.name, n) + "\xff" // behind all the arrivals of that round
				return false
			}
			ops = append(ops, kv.Delete(i.Key))
			return len(ops) < most
		})
	}
	return ops
}
