package sim

import (
	"cmp"
	"slices"
)

// checkSweep: a sweep takes nothing from anybody who was told of it.
func (o *semOracle) checkSweep(deeds []deed) {
	for _, d := range deeds {
		if d.what != admitted && (d.what != gone || o.told(d.request)) {
			o.w.failf("a sweep does: %v (S3)", d)
		}
	}
}

// checkDeeds holds what a request's transaction did against what the request may do.
func (o *semOracle) checkDeeds(by *semOp, before semState, deeds []deed) {
	for _, d := range deeds {
		if d.what != admitted && !by.may(d, before) {
			o.w.failf("%s of %s does %+v", by.kind, by.request, d)
		}
		if d.what == counted {
			o.checkCounted(by, before, d.n)
		}
	}
	switch by.kind {
	case "acquire", "drain", "cancel":
		o.checkOwn(by, before)
	case "release":
		o.checkReleased(by, before)
	case "change", "init", "get":
		if touched := before.apart(o.now); len(touched) > 0 {
			o.w.failf("%s of %s touches %+v", by.kind, by.request, touched)
		}
	}
}

// may reports whether a request may do such a thing at all.
func (o *semOp) may(d deed, before semState) bool {
	own := d.what == gone && d.request == o.target
	switch o.kind {
	case "acquire", "cancel":
		return own || d.what == counted && before.sessionless
	case "drain":
		return own || d.what == counted && (before.sessionless || before.available() < 0)
	case "release":
		return d.what == gone && !before.sessionless || d.what == counted && before.sessionless
	case "change":
		return d.what == counted
	case "init":
		return d.what == initialized && d.n == o.n
	case "destroy":
		return d.what == destroyed
	}
	return false
}

// checkOwn: a request puts and removes no ticket but its own, and takes back nothing that was told of.
func (o *semOracle) checkOwn(by *semOp, before semState) {
	for _, t := range before.apart(o.now) {
		if t.request != by.target {
			o.w.failf("%s of %s touches %s", by.kind, by.request, t.key)
		}
	}
	was, is := before.of(by.target), o.now.of(by.target)
	switch {
	case was >= 0 && is < 0 && before.line[was].admitted && o.told(by.target):
		o.w.failf("%s takes back what %s was told of (S3)", by.kind, by.target)
	case was >= 0 || is < 0: // nothing new
	case by.try && !o.now.line[is].admitted:
		o.w.failf("the try %s stands in line (S2)", by.request)
	case by.kind == "drain":
		if t := o.now.line[is]; !t.admitted || t.permits != before.available() || before.waited() {
			o.w.failf("%s drains %d of %d (S1)", by.request, t.permits, before.available())
		}
	}
}

// checkCounted: what is written to the record is what was asked for, and once.
func (o *semOracle) checkCounted(by *semOp, before semState, n int64) {
	switch {
	case by.kind == "change" || by.kind == "release":
		if all := o.doneBy(by, counted); len(all) > 1 || n != by.n {
			o.w.failf("%s has changed the permits by %d, and %d times (S4)", by.request, n, len(all))
		}
	case by.kind == "drain" && before.available() < 0 && o.taken[by.target] == 0:
		if by.levels++; by.levels > 1 || o.now.available() != 0 {
			o.w.failf("%s levels %d to %d, the %d. time (S4)", by.request, before.available(), o.now.available(), by.levels)
		}
	case n < 0:
		o.checkTaken(by, before, -n)
	case n != o.taken[by.target] || o.told(by.target):
		o.w.failf("%s gives %d back, of %d that %s has taken (S3)", by.kind, n, o.taken[by.target], by.target)
	default:
		o.taken[by.target] = 0
	}
}

// checkTaken: without a session, a request takes what it asks for, once, of what is there, and nobody overtakes.
func (o *semOracle) checkTaken(by *semOp, before semState, n int64) {
	switch {
	case by.kind == "acquire" && n != by.n || by.kind == "drain" && n != before.permits || by.kind == "cancel":
		o.w.failf("%s of %s takes %d of %d", by.kind, by.request, n, before.permits)
	case n > before.permits:
		o.w.failf("%s takes %d of %d (S1)", by.request, n, before.permits)
	case len(before.line) > 0 && before.line[0].request != by.target:
		o.w.failf("%s overtakes %s (S2)", by.request, before.line[0].request)
	case o.taken[by.target] != 0:
		o.w.failf("%s takes %d more (S4)", by.request, n)
	}
	o.taken[by.target] = n
}

// checkReleased: a release gives back, once, as much as was asked for, of what its session holds: its owner's first,
// then the oldest.
func (o *semOracle) checkReleased(by *semOp, before semState) {
	touched := before.apart(o.now)
	switch {
	case len(touched) == 0: // it may have ended a pause
		return
	case before.sessionless:
		o.w.failf("release of %s touches %+v", by.request, touched)
		return
	}
	total := int64(0)
	for _, d := range o.doneBy(by, gone) {
		total -= d.n
	}
	if by.ticket == "" && total != by.n {
		o.w.failf("%s has released %d, not %d (S4)", by.request, total, by.n)
	}
	for _, t := range touched {
		if left := o.now.permitsOf(t); !t.admitted || t.sid != by.session || by.ticket != "" && (t.request != by.ticket || left != 0) {
			o.w.failf("%s releases %+v, of which %d are left", by.request, t, left)
		}
	}
	for _, t := range touched {
		if o.now.permitsOf(t) == 0 { // though its client may not know yet that it held
			o.over[t.request] = "released"
		}
	}
	if by.ticket == "" && !o.inOrder(by, touched) {
		o.w.failf("%s releases %+v out of order", by.request, touched)
	}
}

// inOrder reports whether a release takes its tickets in their order as it was at some time, since a view is late: all of
// the first ones, and at least a part of the last.
func (o *semOracle) inOrder(by *semOp, touched []stand) bool {
	was := func(s semState) bool {
		order := by.order(s)
		for _, t := range touched {
			n := slices.IndexFunc(order, func(o stand) bool { return o.key == t.key && o.create == t.create && o.permits == t.permits })
			if n < 0 || n >= len(touched) || n < len(touched)-1 && o.now.permitsOf(t) != 0 {
				return false
			}
		}
		return true
	}
	return o.was(0, was)
}

// order returns the tickets of a session in the order in which a release takes them.
func (o *semOp) order(in semState) (all []stand) {
	for _, t := range in.line {
		if t.admitted && t.sid == o.session {
			all = append(all, t)
		}
	}
	slices.SortStableFunc(all, func(a, b stand) int { return cmp.Compare(o.others(a), o.others(b)) })
	return all
}

func (o *semOp) others(t stand) int {
	if t.owner == o.owner {
		return 0
	}
	return 1
}

// apart returns what is different in line then: the tickets that came, went, or take something else.
func (s semState) apart(then semState) (all []stand) {
	for _, t := range s.line {
		if then.permitsOf(t) != t.permits {
			all = append(all, t)
		}
	}
	for _, t := range then.line {
		if s.permitsOf(t) == 0 {
			all = append(all, t)
		}
	}
	return all
}

// told reports whether the client of a request was told that it got permits.
func (o *semOracle) told(request string) bool {
	return slices.ContainsFunc(o.ops, func(s *semOp) bool { return s.request == request && s.got > 0 })
}
