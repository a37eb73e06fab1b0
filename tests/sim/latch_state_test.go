package sim

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/kv"
)

// latchState is a latch at one moment, told independently of internal/mirror.
type latchState struct {
	there    bool
	born     kv.Revision // when it was set for the first time
	round    kv.Revision // when it was set
	last     kv.Revision // the round before
	count    int64
	arrivals []arrival // of all rounds of which there still are any
}

type arrival struct {
	round   kv.Revision
	request string
}

// next returns the state after a revision.
func (s latchState) next(name keys.Name, c commit) latchState {
	record := "cp/latch/" + string(name)
	for _, e := range c.events {
		if e.Key == record {
			s = s.set(e.Item)
		} else if key, ok := strings.CutPrefix(e.Key, record+"/"); ok {
			s = s.arrived(key, e.Item != nil)
		}
	}
	return s
}

func (s latchState) set(record *kv.Item) latchState {
	if record == nil {
		return latchState{arrivals: s.arrivals}
	}
	var v struct{ Count int64 }
	_ = json.Unmarshal(record.Value, &v)
	last := s.round
	if !s.there {
		last = 0
	}
	return latchState{
		there: true, born: record.Create, round: record.Mod, last: last, count: v.Count, arrivals: s.arrivals,
	}
}

func (s latchState) arrived(key string, there bool) latchState {
	round, request, _ := strings.Cut(key, "/")
	n, _ := strconv.ParseInt(round, 10, 64)
	a := arrival{kv.Revision(n), request}
	s.arrivals = slices.DeleteFunc(slices.Clone(s.arrivals), func(o arrival) bool { return o == a })
	if there {
		s.arrivals = append(s.arrivals, a)
	}
	return s
}

// remaining returns how many arrivals the round lacks.
func (s latchState) remaining() int64 {
	if !s.there {
		return 0
	}
	n := s.count
	for _, a := range s.arrivals {
		if a.round == s.round {
			n--
		}
	}
	return max(0, n)
}
