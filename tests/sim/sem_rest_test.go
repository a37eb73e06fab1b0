package sim

// calm implements oracle: nobody waits who could have what it waits for, and everybody knows who has it.
func (o *semOracle) calm() {
	if head := o.now.line; o.now.there && o.now.sessionless && len(head) > 0 && head[0].permits <= o.now.permits {
		o.w.failf("%s waits for %d of %d permits", head[0].request, head[0].permits, o.now.permits)
	}
	for _, s := range o.ops {
		switch {
		case s.ended != 0:
		case s.kind != "acquire":
			o.w.failf("%s of %s never ended", s.kind, s.request)
		case o.now.holds(s.request):
			o.w.failf("%s holds, and was never told", s.request)
		}
	}
}

// rest implements oracle: all that there is somebody was told of.
func (o *semOracle) rest() {
	for _, s := range o.ops {
		if s.ended == 0 {
			o.w.failf("%s of %s never ended", s.kind, s.request)
		}
		if n := o.taken[s.request]; n != 0 && !s.mayHold() {
			o.w.failf("%s has taken %d, and nobody knows (X2)", s.request, n)
		}
		if n := o.now.of(s.request); n >= 0 && (!o.now.line[n].admitted || !s.mayHold()) {
			o.w.failf("%s is left in line: %+v (X2)", s.request, o.now.line[n])
		}
	}
	o.checkHistory()
}

// mayHold reports whether there may be something left of a request: its client was told; or it has walked away, and the
// gateway that would have tidied up behind it crashed, or could not know whether an earlier attempt was told.
func (o *semOp) mayHold() bool { return o.got > 0 || o.walked && (o.orphan || o.attempt > 1) }
