package main

import (
	"fmt"
	"math"
	"runtime/debug"
	"strconv"
	"strings"
)

// rate is what a workload is about: changes of holder per second on one lock, and cycles per second elsewhere.
func (m measured) rate(w workload) float64 {
	if w.kind == oneLock && m.ChangesOfHolder != nil {
		return float64(*m.ChangesOfHolder) / m.Seconds
	}
	return m.CyclesPerSecond
}

// serverCost is how much time of a core the servers took for one of those, in seconds.
func (m measured) serverCost(w workload) float64 {
	return m.ServerCPU.Seconds() / (m.rate(w) * m.Seconds)
}

func (m measured) clientCost(w workload) float64 {
	return m.ClientCPU.Seconds() / (m.rate(w) * m.Seconds)
}

// short is what is said of a measurement while others are still to come.
func (m measured) short(w workload) string {
	switch w.kind {
	case heldLocks:
		return fmt.Sprintf("%d locks, %d bytes in a gateway, ready again after %v", m.held.locks, m.held.gateway, m.held.restart)
	case idleSessions:
		return percent(m.above()) + " of a core above idle"
	}
	return fmt.Sprintf("%s per second, p50 %.2f ms", grouped(m.rate(w)), m.Steps[0].P50*1000)
}

// writeOverview is one table of all rates.
func (r *report) writeOverview(b *strings.Builder) {
	b.WriteString("### Cycles per second\n\nLock and unlock, or acquire and release; on one lock, changes of holder. In brackets the slowest and the " +
		"fastest round. One put in etcd is there for scale. Nothing is where a system has no such thing, or was not to be " +
		"measured with it.\n\n| | workload |")
	shown := r.shown(func(w workload) bool { return !w.once })
	for _, y := range shown {
		fmt.Fprintf(b, " %s |", y.title)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---:|", len(shown)) + "\n")
	for _, w := range r.settings.workloads {
		if w.once {
			continue
		}
		fmt.Fprintf(b, "| %s | %s |", w.name, w.title)
		for _, y := range shown {
			fmt.Fprintf(b, " %s |", r.rateCell(w, y))
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
}

// shown are the systems that have a part in some of the workloads that are asked for.
func (r *report) shown(which func(workload) bool) (shown []*system) {
	for _, y := range r.systems {
		for _, w := range r.settings.workloads {
			if which(w) && y.does(w) {
				shown = append(shown, y)
				break
			}
		}
	}
	return shown
}

func (r *report) rateCell(w workload, y *system) string {
	s := r.results[pair{w.name, y.name}]
	if s == nil {
		return ""
	}
	m, ok := s.median(w)
	if !ok {
		return "failed"
	}
	least, most := s.extent(w)
	cell := grouped(m.rate(w))
	if len(s.good) > 1 {
		cell += fmt.Sprintf(" (%s–%s)", grouped(least), grouped(most))
	}
	if n := len(s.failed); n > 0 {
		cell += fmt.Sprintf(", %d failed", n)
	}
	return cell
}

// extent are the slowest and the fastest round.
func (s *series) extent(w workload) (least, most float64) {
	least = s.good[0].rate(w)
	for _, m := range s.good {
		least, most = min(least, m.rate(w)), max(most, m.rate(w))
	}
	return least, most
}

// writeWorkload is all about one workload.
func (r *report) writeWorkload(b *strings.Builder, w workload) {
	fmt.Fprintf(b, "### %s: %s\n\n", w.name, w.title)
	switch w.kind {
	case heldLocks:
		b.WriteString("| | locks | sessions | taken in | resident for each in a gateway | in a member | ready after a kill |\n|---|---:|---:|---:|---:|---:|---:|\n")
	case idleSessions:
		b.WriteString("| | renewals per second | server CPU, of one core | without sessions | above that | resident for each session | " +
			"renewal p50 | p99 | max |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	default:
		b.WriteString("| | per second | step | p50 | p90 | p99 | max | server CPU for each | callers' CPU for each | turns of a caller, fewest–most |\n" +
			"|---|---:|---|---:|---:|---:|---:|---:|---:|---:|\n")
	}
	var failed []string
	for _, y := range r.systems {
		s := r.results[pair{w.name, y.name}]
		if m, ok := s.median(w); ok {
			writeRows(b, w, y, m)
		}
		if s != nil {
			for _, err := range s.failed {
				failed = append(failed, fmt.Sprintf("- %s failed: %s\n", y.title, cell(err.Error())))
			}
		}
	}
	b.WriteString("\n")
	if len(failed) > 0 {
		b.WriteString(strings.Join(failed, "") + "\n")
	}
}

func writeRows(b *strings.Builder, w workload, y *system, m measured) {
	switch w.kind {
	case heldLocks:
		h := m.held
		fmt.Fprintf(b, "| %s | %s | %d | %.1f s | %.2f KiB | %.2f KiB | %.1f s |\n", y.title, grouped(float64(h.locks)), h.sessions,
			h.taking.Seconds(), kibibytes(h.gateway, h.locks), kibibytes(h.member, h.locks), h.restart.Seconds())
		return
	case idleSessions:
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %.1f KiB |", y.title, grouped(m.CyclesPerSecond), percent(m.above()+m.idle), percent(m.idle),
			percent(m.above()), kibibytes(m.Resident-m.before, w.callers))
		if len(m.Steps) > 0 {
			s := m.Steps[0]
			fmt.Fprintf(b, " %s | %s | %s |\n", millis(s.P50), millis(s.P99), millis(s.Max))
		} else {
			b.WriteString(" | | |\n")
		}
		return
	}
	for n, s := range m.Steps {
		if n > 0 {
			fmt.Fprintf(b, "| | | %s | %s | %s | %s | %s | | | |\n", spaced(s.Name), millis(s.P50), millis(s.P90), millis(s.P99), millis(s.Max))
			continue
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %d–%d |\n", y.title, grouped(m.rate(w)), spaced(s.Name),
			millis(s.P50), millis(s.P90), millis(s.P99), millis(s.Max), micros(m.serverCost(w)), micros(m.clientCost(w)),
			m.FewestCycles, m.MostCycles)
	}
}

// clients are the modules of the systems' Go clients.
var clients = []string{
	"go.etcd.io/etcd/client/v3", "github.com/go-zookeeper/zk", "github.com/go-redsync/redsync/v4", "github.com/redis/go-redis/v9",
	"google.golang.org/grpc",
}

func clientVersions() (versions []string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, d := range info.Deps {
		for _, c := range clients {
			if d.Path == c {
				versions = append(versions, d.Path+" "+d.Version)
			}
		}
	}
	return append(versions, info.GoVersion)
}

// cell makes one cell of a table of a text.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

func millis(seconds float64) string { return fmt.Sprintf("%.2f ms", seconds*1000) }

func micros(seconds float64) string {
	if math.IsInf(seconds, 0) || math.IsNaN(seconds) {
		return "–"
	}
	return fmt.Sprintf("%.0f µs", seconds*1e6)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", share*100) }

func kibibytes(bytes int64, among int) float64 { return float64(bytes) / float64(among) / 1024 }

// gibibytes makes a size of /proc/meminfo one that can be read.
func gibibytes(kibibytes string) string {
	n, err := strconv.Atoi(strings.TrimSuffix(kibibytes, " kB"))
	if err != nil {
		return kibibytes
	}
	return fmt.Sprintf("%.0f GiB", float64(n)/(1<<20))
}

// grouped writes a number with a comma between thousands.
func grouped(n float64) string {
	digits := strconv.FormatFloat(n, 'f', 0, 64)
	for at := len(digits) - 3; at > 0 && digits[at-1] != '-'; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
