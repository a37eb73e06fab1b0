package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is what was measured. Its JSON is for programs.
type Result struct {
	Seconds         float64 `json:"seconds"` // for how long was measured
	Cycles          int64   `json:"cycles"`  // of all callers
	CyclesPerSecond float64 `json:"cycles_per_second"`
	// ChangesOfHolder is how often it was another caller's turn than before, where one holds at a time.
	ChangesOfHolder *int64 `json:"changes_of_holder,omitempty"`
	// FewestCycles and MostCycles are those of the callers that were served least and best.
	FewestCycles int64  `json:"fewest_cycles_of_a_caller"`
	MostCycles   int64  `json:"most_cycles_of_a_caller"`
	Steps        []Step `json:"steps"`
}

// Step is what one part of the cycles took, in seconds.
type Step struct {
	Name  string  `json:"step"`
	Count int64   `json:"count"`
	P50   float64 `json:"p50_seconds"`
	P90   float64 `json:"p90_seconds"`
	P99   float64 `json:"p99_seconds"`
	Max   float64 `json:"max_seconds"`
}

func (r *run) result(took time.Duration) Result {
	s := Result{Seconds: took.Seconds()}
	each := make([]int64, len(r.cycles))
	for i := range r.cycles {
		each[i] = r.cycles[i].Load()
		s.Cycles += each[i]
	}
	s.FewestCycles, s.MostCycles = slices.Min(each), slices.Max(each)
	s.CyclesPerSecond = float64(s.Cycles) / s.Seconds
	if r.work.OneHolds {
		n := r.changes.Load()
		s.ChangesOfHolder = &n
	}
	for i, name := range r.work.Steps {
		h := &r.steps[i]
		s.Steps = append(s.Steps, Step{
			Name: name, Count: h.Count(), Max: h.Max().Seconds(),
			P50: h.Quantile(0.5).Seconds(), P90: h.Quantile(0.9).Seconds(), P99: h.Quantile(0.99).Seconds(),
		})
	}
	return s
}

// Write writes the result for a person.
func (r Result) Write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "STEP\tPER SECOND\tP50\tP90\tP99\tMAX\t")
	for _, s := range r.Steps {
		fmt.Fprintf(w, "%s\t%.0f\t%s\t%s\t%s\t%s\t\n", strings.ReplaceAll(s.Name, "_", " "), float64(s.Count)/r.Seconds,
			millis(s.P50), millis(s.P90), millis(s.P99), millis(s.Max))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%d cycles in %.1f s: %.0f per second; each caller %d to %d\n", r.Cycles, r.Seconds,
		r.CyclesPerSecond, r.FewestCycles, r.MostCycles)
	if r.ChangesOfHolder != nil {
		fmt.Fprintf(out, "%.0f per second went on to another caller\n", float64(*r.ChangesOfHolder)/r.Seconds)
	}
	return nil
}

func millis(seconds float64) string { return fmt.Sprintf("%.2f ms", seconds*1000) }
