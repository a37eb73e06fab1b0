package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// report is all that was found, and writes about it.
type report struct {
	settings settings
	tools    tools
	systems  []*system
	versions []string // of the systems
	missing  []absent
	machine  machine
	results  map[pair]*series
	kept     map[string]*cluster // of systems that have to get warm
}

// absent is a system that can't be had here.
type absent struct {
	system *system
	why    error
}

func (r *report) median(w workload, system string) (measured, bool) {
	return r.results[pair{w.name, system}].median(w)
}

// other is what the system that gave m gave in another workload.
func (r *report) other(name string, m measured) (w workload, o measured, ok bool) {
	n := slices.IndexFunc(workloads, func(w workload) bool { return w.name == name })
	o, ok = r.median(workloads[n], m.system)
	return workloads[n], o, ok
}

const (
	marksBegin = "<!-- what follows is written by `make bench` -->"
	marksEnd   = "<!-- what `make bench` writes ends here -->"
)

// write puts the report into the docs, between its marks, and the charts beside them.
func (r *report) write() error {
	text := r.text()
	if !r.settings.write {
		_, err := os.Stdout.WriteString(text)
		return err
	}
	page := filepath.Join(r.settings.repo, "docs/benchmarks.md")
	old, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	now, err := between(old, text)
	if err != nil {
		return fmt.Errorf("%s: %w", page, err)
	}
	for _, c := range r.charts() {
		if err := os.WriteFile(filepath.Join(r.settings.repo, "docs", c.file()), []byte(c.svg()), 0o644); err != nil {
			return err
		}
	}
	say("written: %s", page)
	return os.WriteFile(page, now, 0o644)
}

// between puts text between the marks in a page.
func between(page []byte, text string) ([]byte, error) {
	before, rest, begun := bytes.Cut(page, []byte(marksBegin))
	_, after, ended := bytes.Cut(rest, []byte(marksEnd))
	if !begun || !ended {
		return nil, errors.New("the marks are missing between which to write: " + marksBegin + " and " + marksEnd)
	}
	return slices.Concat(before, []byte(marksBegin+"\n\n"+text+"\n"+marksEnd), after), nil
}

// text is the report for readers.
func (r *report) text() string {
	var b strings.Builder
	r.writeWhere(&b)
	r.writeOverview(&b)
	for _, c := range r.charts() {
		fmt.Fprintf(&b, "![%s](%s)\n\n", c.title, c.file())
	}
	r.writeAims(&b)
	for _, w := range r.settings.workloads {
		r.writeWorkload(&b, w)
	}
	r.writeCaveats(&b)
	return strings.TrimSpace(b.String()) + "\n"
}

// writeWhere says on what it was measured, and how.
func (r *report) writeWhere(b *strings.Builder) {
	m, s := r.machine, r.settings
	fmt.Fprintf(b, "Measured on %s in %.0f minutes, with `make bench`: %s, %d cores, %s of memory, %s; a write of 4 KiB with fdatasync takes %.2f ms "+
		"there (median of 1,001). The load of the machine was %s before and %s behind it; callers and servers shared it.\n\n",
		m.began.Format("2006-01-02"), m.took.Minutes(), m.processor, m.cores, gibibytes(m.memory), m.kernel,
		m.sync.Seconds()*1000, m.load[0], m.load[1])
	fmt.Fprintf(b, "Each figure: %v measured after %v of warm-up, callers in one process, each server in one of its own, started freshly for each "+
		"measurement (but ZooKeeper: see below); the median of %d rounds by rate, in which the systems take turns.", s.duration, s.warmUp, s.rounds)
	if slices.ContainsFunc(s.workloads, func(w workload) bool { return w.once }) {
		b.WriteString(" W7 and W10 are measured once.")
	}
	b.WriteString("\n\n| system | version |\n|---|---|\n")
	for n, y := range r.systems {
		fmt.Fprintf(b, "| %s | %s |\n", y.title, cell(r.versions[n]))
	}
	for _, a := range r.missing {
		fmt.Fprintf(b, "| %s | **left out**: %s |\n", a.system.title, cell(a.why.Error()))
	}
	fmt.Fprintf(b, "\nGo clients: %s.\n\n", strings.Join(clientVersions(), ", "))
}

// writeAims says what cpgate was to reach, and what it reached.
func (r *report) writeAims(b *strings.Builder) {
	b.WriteString("### What cpgate was to reach\n\n| | cpgate | aim | measured | reached |\n|---|---|---|---:|---|\n")
	for _, a := range aims {
		n := slices.IndexFunc(r.settings.workloads, func(w workload) bool { return w.name == a.workload })
		if n < 0 {
			continue
		}
		w := r.settings.workloads[n]
		for _, of := range []string{unary, stream} {
			if a.of != "" && a.of != of {
				continue
			}
			way := strings.TrimPrefix(of, "cpgate-")
			m, ok := r.median(w, of)
			if !ok {
				fmt.Fprintf(b, "| %s | %s | %s | not measured | |\n", a.workload, way, a.says)
				continue
			}
			got, enough, known := a.check(r, w, m)
			switch {
			case !known:
				fmt.Fprintf(b, "| %s | %s | %s | not measured | |\n", a.workload, way, a.says)
			case enough:
				fmt.Fprintf(b, "| %s | %s | %s | %s | yes |\n", a.workload, way, a.says, got)
			default:
				fmt.Fprintf(b, "| %s | %s | %s | %s | **no** |\n", a.workload, way, a.says, got)
			}
		}
	}
	b.WriteString("\n")
}

// caveats are what a reader has to know to make something of the figures.
var caveats = []string{
	"Everything is durable: cpgate, etcd and ZooKeeper answer when what they did is synced to disk (ZooKeeper: `forceSync=yes`), Redis runs with " +
		"`appendfsync always`. Settings are the defaults otherwise; ZooKeeper takes any number of connections from one address, and runs in " +
		"Java with its own choice of memory.",
	"Callers and servers share the machine, so a client that takes more of it leaves less to its server. The tables say what either took.",
	"One etcd, one ZooKeeper, one Redis and one cpgate, but for W9. Redis has no consensus: a lock on one Redis is gone when that machine is, " +
		"or when its time runs out while it is held. redsync has no fences.",
	"On one lock, counted are changes of holder: a caller that gets again what it has just given back is none. redsync's callers don't stand in line: " +
		"they ask again after 50 to 250 ms at random (its default; as often as it takes), which the fewest and most turns of a caller show.",
	"etcd: one connection for each member and a session for each caller, since two Mutexes of one session don't exclude each other. ZooKeeper: callers share " +
		fmt.Sprint(zookeeperConnections) + " connections; the nodes of the locks are there before. Redis: a connection for each caller. cpgate: one client for " +
		"each member, that is one connection.",
	"Java compiles what is used often, so a ZooKeeper that was started just before is slow. It is started once in a round, works for 15 s, and stands still " +
		"(SIGSTOP) while others are measured.",
	"W7: sessions of 60 s and leases of 15 s, so that both are renewed every 5 s, over one connection, or one stream on it. " +
		"A program for each session has a connection for each: what that costs is under Operating a cluster. What etcd's bare leases take is the least possible: " +
		"they are in memory, have no key, nobody looks whether they are still there, and etcd's client renews those that are due twice a second at once.",
	"W9 has its three members on this one machine.",
}

func (r *report) writeCaveats(b *strings.Builder) {
	b.WriteString("### What to mind\n\n")
	for _, c := range caveats {
		fmt.Fprintf(b, "- %s\n", c)
	}
}
