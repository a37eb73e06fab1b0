package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"
)

// compare measures everything that was asked for, and writes about it.
func compare(ctx context.Context, args []string) error {
	s, err := parse(args)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &report{settings: s, tools: tools{repo: s.repo, dir: dir}, results: map[pair]*series{}, kept: map[string]*cluster{}}
	defer r.drop()
	if err := r.prepare(ctx); err != nil {
		return err
	}
	if r.machine, err = lookAround(ctx, dir); err != nil {
		return err
	}
	for round := range s.rounds {
		if err := r.round(ctx, round); err != nil {
			return err
		}
	}
	r.machine.finish()
	return r.write()
}

// round gives every workload to every system once.
func (r *report) round(ctx context.Context, round int) error {
	defer r.drop()
	for _, w := range r.settings.workloads {
		if w.once && round > 0 {
			continue
		}
		for _, y := range turned(r.systems, round) {
			if !y.does(w) {
				continue
			}
			m, err := r.measure(ctx, w, y, round)
			r.add(w, y, m, err)
			if ctx.Err() != nil {
				return errInterrupted
			}
		}
	}
	return nil
}

var errInterrupted = errors.New("interrupted: nothing was written")

// prepare builds or finds every system's programs. A system that can't be had is left out, which the report says.
func (r *report) prepare(ctx context.Context) error {
	for _, y := range r.settings.systems {
		say("preparing %s", y.title)
		err := y.build(ctx, &r.tools)
		version := ""
		if err == nil {
			version, err = y.version(ctx, r.tools)
		}
		switch {
		case ctx.Err() != nil:
			return errInterrupted
		case err != nil:
			say("  left out: %v", err)
			r.missing = append(r.missing, absent{y, err})
		default:
			r.systems = append(r.systems, y)
			r.versions = append(r.versions, version)
		}
	}
	if len(r.systems) == 0 {
		return errors.New("none of the systems can be had")
	}
	return nil
}

// turned lets another one begin in each round, so that none always comes behind the same.
func turned(all []*system, round int) []*system {
	n := round % len(all)
	return slices.Concat(all[n:], all[:n])
}

// pair is a workload of a system.
type pair struct{ workload, system string }

// series is what was measured of a pair, in each round.
type series struct {
	good   []measured
	failed []error
}

// measured is one measurement.
type measured struct {
	system string
	outcome
	held *holding // of locks that are only held
	idle float64  // how much of a core the servers took before, without sessions
	// before is what the servers had resident then.
	before int64
}

// add keeps what a measurement gave.
func (r *report) add(w workload, y *system, m measured, err error) {
	p := pair{w.name, y.name}
	if r.results[p] == nil {
		r.results[p] = &series{}
	}
	s := r.results[p]
	if err != nil {
		say("  %v", err)
		s.failed = append(s.failed, err)
		return
	}
	s.good = append(s.good, m)
	say("  %s", m.short(w))
}

// median is the measurement whose rate is in the middle; with an even number of them, the slower of the two.
func (s *series) median(w workload) (m measured, ok bool) {
	if s == nil || len(s.good) == 0 {
		return m, false
	}
	sorted := slices.SortedFunc(slices.Values(s.good), func(a, b measured) int { return cmp.Compare(a.rate(w), b.rate(w)) })
	return sorted[(len(sorted)-1)/2], true
}

// measure gives a workload to a system.
func (r *report) measure(ctx context.Context, w workload, y *system, round int) (m measured, err error) {
	say("%s %s, %s, round %d", w.name, w.title, y.title, round+1)
	m.system = y.name
	c, dir, done, err := r.serve(ctx, w.members, y)
	if err != nil {
		return m, fmt.Errorf("starting: %w", err)
	}
	defer done()
	switch w.kind {
	case heldLocks:
		m.held, err = y.hold(ctx, r.tools, c, w, dir)
		return m, err
	case idleSessions:
		if m.idle, m.before, err = r.idle(ctx, c); err != nil {
			return m, err
		}
	}
	m.outcome, err = r.call(ctx, task{
		System: y.name, Name: "bench-" + w.name, Kind: w.kind, Endpoints: c.endpoints, Servers: c.pids(),
		Callers: w.callers, Permits: w.permits, WarmUp: r.settings.warmUp, Duration: r.settings.duration,
	})
	return m, err
}

// callLimit is how much longer than they measure callers may take, to prepare and to end.
const callLimit = 2 * time.Minute

// call lets callers do a task in a process of their own.
func (r *report) call(ctx context.Context, t task) (o outcome, err error) {
	self, err := os.Executable()
	if err != nil {
		return o, err
	}
	work, err := json.Marshal(t)
	if err != nil {
		return o, err
	}
	ctx, cancel := context.WithTimeout(ctx, t.WarmUp+t.Duration+callLimit)
	defer cancel()
	c := exec.CommandContext(ctx, self, clientCommand, string(work))
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		return o, fmt.Errorf("callers: %w: %s", err, bytes.TrimSpace(errs.Bytes()))
	}
	err = json.Unmarshal(out, &o)
	return o, err
}

// say tells whoever watches how far it is.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}
