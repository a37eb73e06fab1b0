package main

import (
	"fmt"
	"html"
	"strings"
)

// chart is bars of what several workloads gave, each workload on a scale of its own.
type chart struct {
	name   string
	title  string
	groups []group
}

// group is the bars of one workload.
type group struct {
	title string
	bars  []bar
}

// bar is a rate, with the slowest and the fastest round.
type bar struct {
	label             string
	ours              bool
	rate, least, most float64
}

func (c chart) file() string { return "benchmarks-" + c.name + ".svg" }

// charts are those for which something was measured.
func (r *report) charts() (all []chart) {
	for _, c := range []struct {
		name, title string
		of          func(workload) bool
	}{
		{"own-locks", "Locks of their own: lock and unlock, per second", func(w workload) bool { return w.kind == ownLocks && w.members == 1 }},
		{"one-lock", "One lock: changes of holder, per second", func(w workload) bool { return w.kind == oneLock }},
		{"members", "Three members: lock and unlock, per second", func(w workload) bool { return w.members > 1 }},
	} {
		drawn := chart{name: c.name, title: c.title}
		for _, w := range r.settings.workloads {
			if c.of(w) {
				drawn.groups = append(drawn.groups, r.group(w))
			}
		}
		if len(drawn.groups) > 0 {
			all = append(all, drawn)
		}
	}
	return all
}

func (r *report) group(w workload) group {
	g := group{title: w.name + ": " + w.title}
	for _, y := range r.systems {
		s := r.results[pair{w.name, y.name}]
		if len(y.only) > 0 {
			continue // it is there for scale, and does something else
		}
		if m, ok := s.median(w); ok {
			least, most := s.extent(w)
			g.bars = append(g.bars, bar{y.title, strings.HasPrefix(y.name, "cpgate"), m.rate(w), least, most})
		}
	}
	return g
}

const (
	chartWidth = 760
	labelWidth = 190 // left of the bars
	valueWidth = 90  // right of them
	barHeight  = 18
	barStep    = 24
	groupGap   = 40
)

// svg draws the chart, for a light and a dark page.
func (c chart) svg() string {
	var b strings.Builder
	height := 40
	for _, g := range c.groups {
		height += groupGap + len(g.bars)*barStep
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">
<style>
text { font: 13px sans-serif; fill: #24292f } .title { font-weight: bold; font-size: 15px } .group { font-weight: bold }
.ours { fill: #1a7f5a } .theirs { fill: #8c959f } .range { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .range { stroke: #e6edf3 } .ours { fill: #2ea97a } .theirs { fill: #6e7681 } }
</style>
<text class="title" x="0" y="20">%s</text>
`, chartWidth, height, chartWidth, height, html.EscapeString(c.title), html.EscapeString(c.title))
	y := 30
	for _, g := range c.groups {
		y = g.draw(&b, y)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// draw draws a group below y, and returns where it ends.
func (g group) draw(b *strings.Builder, y int) int {
	most := 0.0
	for _, one := range g.bars {
		most = max(most, one.most)
	}
	x := func(rate float64) float64 {
		if most == 0 {
			return labelWidth
		}
		return labelWidth + rate/most*(chartWidth-labelWidth-valueWidth)
	}
	y += groupGap
	fmt.Fprintf(b, "<text class=\"group\" x=\"0\" y=\"%d\">%s</text>\n", y-8, html.EscapeString(g.title))
	for _, one := range g.bars {
		class, middle := "theirs", y+barHeight/2
		if one.ours {
			class = "ours"
		}
		fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", labelWidth-8, middle+5, html.EscapeString(one.label))
		fmt.Fprintf(b, "<rect class=%q x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/>\n", class, labelWidth, y, x(one.rate)-labelWidth, barHeight)
		fmt.Fprintf(b, "<path class=\"range\" d=\"M%.1f %dH%.1f\"/>\n", x(one.least), middle, x(one.most))
		fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\">%s</text>\n", x(one.most)+6, middle+5, grouped(one.rate))
		y += barStep
	}
	return y
}
