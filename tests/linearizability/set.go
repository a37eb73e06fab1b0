package linearizability

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Sets and ledgers are kept in order and never changed, so that a state is cloned by copying it.
type set []string

func (s set) has(x string) bool {
	_, ok := slices.BinarySearch(s, x)
	return ok
}

func (s set) with(x string) set {
	i, ok := slices.BinarySearch(s, x)
	if ok {
		return s
	}
	return slices.Insert(slices.Clone(s), i, x)
}

func (s set) without(x string) set {
	i, ok := slices.BinarySearch(s, x)
	if !ok {
		return s
	}
	return slices.Delete(slices.Clone(s), i, i+1)
}

// others reports whether it has any but x.
func (s set) others(x string) bool { return len(s) > 1 || len(s) == 1 && s[0] != x }

// key puts a state into few words, fast: a search makes millions.
func key(parts ...any) string {
	b := make([]byte, 0, 512)
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case int:
			b = strconv.AppendInt(b, int64(p), 10)
		case int64:
			b = strconv.AppendInt(b, p, 10)
		case bool:
			b = strconv.AppendBool(b, p)
		case set:
			for _, s := range p {
				b = append(append(b, ' '), s...)
			}
		case ledger:
			for _, a := range p {
				b = append(append(append(append(b, ' '), a.of.session...), '.'), a.of.owner...)
				b = strconv.AppendInt(append(b, ':'), int64(a.held), 10)
			}
		}
	}
	return string(b)
}

// ledger is who has how many permits: nobody has none.
type ledger []account

type account struct {
	of   caller
	held int
}

// caller is an owner in a session.
type caller struct{ session, owner string }

func (c caller) String() string { return c.session + "." + c.owner }

func (c caller) compare(o caller) int {
	return cmp.Or(strings.Compare(c.session, o.session), strings.Compare(c.owner, o.owner))
}

func (l ledger) find(who caller) (int, bool) {
	return slices.BinarySearchFunc(l, who, func(a account, who caller) int { return a.of.compare(who) })
}

func (l ledger) of(who caller) int {
	if i, ok := l.find(who); ok {
		return l[i].held
	}
	return 0
}

func (l ledger) add(who caller, n int) ledger {
	i, ok := l.find(who)
	l = slices.Clone(l)
	if !ok {
		l = slices.Insert(l, i, account{of: who})
	}
	if l[i].held += n; l[i].held == 0 {
		l = slices.Delete(l, i, i+1)
	}
	return l
}

// without drops all that a session has.
func (l ledger) without(session string) ledger {
	return slices.DeleteFunc(slices.Clone(l), func(a account) bool { return a.of.session == session })
}

// in is what a session has, or with "" all of them.
func (l ledger) in(session string) (n int) {
	for _, a := range l {
		if session == "" || a.of.session == session {
			n += a.held
		}
	}
	return n
}

// take takes n from who, and what is lacking from the other owners in the session, which has to have enough.
func (l ledger) take(who caller, n int) ledger {
	own := min(n, l.of(who))
	if own > 0 {
		l = l.add(who, -own)
	}
	for n -= own; n > 0; {
		i := slices.IndexFunc(l, func(a account) bool { return a.of.session == who.session })
		some := min(n, l[i].held)
		l = l.add(l[i].of, -some)
		n -= some
	}
	return l
}
