package faults

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Event is what happened to one key in a revision.
type Event struct {
	Revision int64
	Key      string
	Value    []byte
	Create   int64 // the revision in which the key came
	Lease    int64
	Deleted  bool
}

// Witness is a caller's word: at that revision it held. It is had by asking for the revision while it holds
// ([Cluster.Revision]), and finding afterwards that it is not told of a loss.
type Witness struct {
	Revision int64
	// Lock is held under Fence, or of Semaphore there are at least so many Permits in Session.
	Lock      string
	Fence     int64
	Semaphore string
	Session   string
	Permits   int64
}

// mostFaults is how many faults an audit tells of.
const mostFaults = 10

// Audit replays a log from its first revision on and checks
//
//   - that it is whole: no revision is missing, and a new key has the revision in which it came (L2);
//   - that a session's keys are on its lease, go with its marker in one revision, and none comes behind it (X1);
//   - that whoever said to hold a lock was the first in its line then, under the fence that it was told (L1, L2, L4);
//   - that whoever said to hold permits was among those whose turn it was (S1, S2, S3), and that a semaphore's own record
//     admits nobody before its turn.
//
// It knows the layout of the keys from docs/design.md and shares no code with what it checks.
func Audit(log []Event, witnesses []Witness) error {
	a := &audit{
		keys: map[string]Event{}, locks: map[string]*lockLine{}, semaphores: map[string]*permitLine{},
		witnesses: slices.Clone(witnesses),
	}
	slices.SortStableFunc(a.witnesses, func(x, y Witness) int { return cmp.Compare(x.Revision, y.Revision) })
	for len(log) > 0 && len(a.faults) < mostFaults {
		n := 1
		for n < len(log) && log[n].Revision == log[0].Revision {
			n++
		}
		a.hear(log[0].Revision)
		a.follow(log[:n])
		log = log[n:]
	}
	a.hear(a.at + 1)
	if len(a.witnesses) > 0 && len(a.faults) == 0 {
		a.find("%d witnesses speak of what is not in the log, which ends with %d", len(a.witnesses), a.at)
	}
	return errors.Join(a.faults...)
}

type audit struct {
	at         int64            // the revision reached
	keys       map[string]Event // as last put
	locks      map[string]*lockLine
	semaphores map[string]*permitLine
	witnesses  []Witness // not heard yet
	faults     []error
}

func (a *audit) find(format string, args ...any) {
	a.faults = append(a.faults, fmt.Errorf("revision %d: %w", a.at, fmt.Errorf(format, args...)))
}

// hear hears the witnesses of the revisions before that one: the keys are as these left them.
func (a *audit) hear(before int64) {
	for len(a.witnesses) > 0 && a.witnesses[0].Revision < before {
		w := a.witnesses[0]
		a.witnesses = a.witnesses[1:]
		var err error
		if w.Lock != "" {
			err = a.locks[escape(w.Lock)].check(w)
		} else {
			err = a.semaphores[escape(w.Semaphore)].check(w)
		}
		if err != nil {
			a.find("%+v: %w", w, err)
		}
	}
}

// follow takes all events of one revision.
func (a *audit) follow(events []Event) {
	if first := events[0].Revision; a.at > 0 && first != a.at+1 {
		a.find("the next one is %d", first)
	}
	a.at = events[0].Revision
	before := map[string]Event{}
	for _, e := range events {
		old, was := a.keys[e.Key]
		if was {
			before[e.Key] = old
		}
		a.checkCreate(e, old)
		if e.Deleted {
			delete(a.keys, e.Key)
		} else {
			a.keys[e.Key] = e
		}
	}
	for _, e := range events {
		a.checkSession(e, before)
		a.line(e)
	}
	for _, e := range events {
		if s := a.semaphores[semaphoreOf(e.Key)]; s != nil {
			if err := s.admit(); err != nil {
				a.find("semaphore %q: %w", semaphoreOf(e.Key), err)
			}
		}
	}
}

// checkCreate checks the number that becomes a fence.
func (a *audit) checkCreate(e, old Event) {
	want := cmp.Or(old.Create, e.Revision)
	if !e.Deleted && e.Create != want {
		a.find("%s has come in %d, not in %d", e.Key, e.Create, want)
	}
}

// line passes an event on to the line that it belongs to.
func (a *audit) line(e Event) {
	kind, rest := cut(strings.TrimPrefix(e.Key, "cp/"))
	name, ticket := cut(rest)
	switch {
	case kind == "lock":
		at(a.locks, name).follow(e)
	case kind == "semaphore" && ticket == "":
		at(a.semaphores, name).set(e)
	case kind == "semaphore":
		at(a.semaphores, name).follow(e)
	}
}

func semaphoreOf(key string) string {
	rest, ok := strings.CutPrefix(key, "cp/semaphore/")
	if !ok {
		return ""
	}
	name, _ := cut(rest)
	return name
}

// at gives what m has under the name, and an empty one where it has nothing.
func at[V any](m map[string]*V, name string) *V {
	if m[name] == nil {
		m[name] = new(V)
	}
	return m[name]
}

// cut parts a key's first segment from the rest.
func cut(key string) (first, rest string) {
	first, rest, _ = strings.Cut(key, "/")
	return first, rest
}

// escape is how a name is spelled in a key, as far as tests name things.
func escape(name string) string { return strings.NewReplacer("%", "%25", "/", "%2F").Replace(name) }
