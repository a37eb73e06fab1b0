package faults

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// checkSession checks what X1 says of one event. before are the keys that its revision changed, as they were.
func (a *audit) checkSession(e Event, before map[string]Event) {
	if id, ok := strings.CutPrefix(e.Key, "cp/session/"); ok && e.Deleted {
		for key, left := range a.keys {
			if left.Lease == before[e.Key].Lease && left.Lease != 0 {
				a.find("session %s is gone and %s is left", id, key)
			}
		}
	}
	id := sessionOf(e.Key)
	if id == "" || e.Deleted {
		return
	}
	if _, lives := a.keys["cp/session/"+id]; !lives {
		a.find("%s is put, and there is no session %s", e.Key, id)
	}
	if lease, err := strconv.ParseInt(id, 16, 64); err != nil || e.Lease != lease {
		a.find("%s is on lease %x", e.Key, e.Lease)
	}
}

// sessionOf gives the session whose ticket a key is, "" for one that is of no session.
func sessionOf(key string) string {
	kind, rest := cut(strings.TrimPrefix(key, "cp/"))
	_, ticket := cut(rest)
	if kind != "lock" && kind != "semaphore" {
		return ""
	}
	id, _, _ := strings.Cut(ticket, ".")
	if id == "-" {
		return ""
	}
	return id
}

// lockLine is who stands in the line of a lock: whoever has come first holds.
type lockLine struct{ tickets []Event }

func (l *lockLine) follow(e Event) { l.tickets = replace(l.tickets, e) }

// replace takes an event into tickets in the order in which they came.
func replace(tickets []Event, e Event) []Event {
	i := slices.IndexFunc(tickets, func(t Event) bool { return t.Key == e.Key })
	switch {
	case e.Deleted && i >= 0:
		return slices.Delete(tickets, i, i+1)
	case e.Deleted:
		return tickets
	case i >= 0:
		tickets[i] = e
		return tickets
	}
	tickets = append(tickets, e)
	slices.SortStableFunc(tickets, func(x, y Event) int {
		return cmp.Or(cmp.Compare(x.Create, y.Create), strings.Compare(x.Key, y.Key))
	})
	return tickets
}

func (l *lockLine) check(w Witness) error {
	if l == nil || len(l.tickets) == 0 {
		return fmt.Errorf("nobody holds")
	}
	if holder := l.tickets[0]; holder.Create != w.Fence {
		return fmt.Errorf("%s holds, under fence %d", holder.Key, holder.Create)
	}
	return nil
}

// permitLine is a semaphore: its record, and who stands in its line.
type permitLine struct {
	record  *record // nil while there is none
	tickets []Event
	admits  map[string]bool // the keys of those whose turn has come: it is never taken back (S3)
}

type record struct {
	Permits     int64
	Sessionless bool
	Through     struct {
		Create int64
		Key    string
	} `json:"admitted_through"`
}

func (l *permitLine) set(e Event) {
	l.record = nil
	if r := (record{}); !e.Deleted && json.Unmarshal(e.Value, &r) == nil {
		l.record = &r
	}
}

func (l *permitLine) follow(e Event) {
	l.tickets = replace(l.tickets, e)
	if e.Deleted {
		delete(l.admits, e.Key)
	}
}

// admit lets those in whose turn has come, once all events of a revision are known.
func (l *permitLine) admit() error {
	if l.record == nil || l.record.Sessionless {
		return nil
	}
	if l.admits == nil {
		l.admits = map[string]bool{}
	}
	for _, t := range l.tickets {
		ahead := cmp.Or(cmp.Compare(t.Create, l.record.Through.Create), strings.Compare(t.Key, l.record.Through.Key)) <= 0
		if ahead && !l.admits[t.Key] {
			return fmt.Errorf("the record admits %s, whose turn has not come", t.Key)
		}
	}
	for _, t := range l.tickets {
		if l.admits[t.Key] {
			continue
		}
		if l.held()+permits(t) > l.record.Permits {
			break // and nobody overtakes (S2)
		}
		l.admits[t.Key] = true
	}
	return nil
}

func (l *permitLine) held() (sum int64) {
	for _, t := range l.tickets {
		if l.admits[t.Key] {
			sum += permits(t)
		}
	}
	return sum
}

func permits(t Event) int64 {
	v := struct{ Permits int64 }{}
	if err := json.Unmarshal(t.Value, &v); err != nil || v.Permits < 1 {
		return 1
	}
	return v.Permits
}

func (l *permitLine) check(w Witness) error {
	var has int64
	if l != nil {
		for _, t := range l.tickets {
			if l.admits[t.Key] && sessionOf(t.Key) == w.Session {
				has += permits(t)
			}
		}
	}
	if has < w.Permits {
		return fmt.Errorf("the session holds %d", has)
	}
	return nil
}
