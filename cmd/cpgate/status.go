package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// status is what `cpgate status` shows of a cluster; its JSON is for programs.
type status struct {
	Members []memberStatus `json:"members"`
	Alarms  []alarm        `json:"alarms"`
	// What the cluster keeps. nil: that could not be learned, and why.
	Kept *kept `json:"kept"`
	why  string
}

type memberStatus struct {
	Name       string   `json:"name"`
	ID         string   `json:"id"` // as etcdctl writes it
	Role       string   `json:"role"`
	PeerURLs   []string `json:"peer_urls"`
	ClientURLs []string `json:"client_urls"`
	// The rest is what the member itself says, and missing where Problem says why.
	Version       string `json:"version,omitempty"`
	Revision      int64  `json:"revision,omitempty"`
	DatabaseBytes int64  `json:"database_bytes,omitempty"`
	InUseBytes    int64  `json:"in_use_bytes,omitempty"`
	Problem       string `json:"problem,omitempty"`
}

const (
	roleLeader   = "leader"
	roleFollower = "follower"
	roleLearner  = "learner"
)

type alarm struct {
	Member string `json:"member"`
	Alarm  string `json:"alarm"`
}

type kept struct {
	Sessions   int `json:"sessions"`
	Locks      int `json:"locks"`
	Semaphores int `json:"semaphores"`
	Latches    int `json:"latches"`
}

// writeJSON writes v for programs, in a form that a person can read too.
func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// write writes the status for a person.
func (s status) write(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MEMBER\tID\tROLE\tREVISION\tDATABASE\tIN USE\tVERSION\tPROBLEM")
	for _, m := range s.Members {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", known(m.Name), m.ID, m.Role, known(decimal(m.Revision)),
			size(m.DatabaseBytes), size(m.InUseBytes), known(m.Version), m.Problem)
	}
	for _, a := range s.Alarms {
		fmt.Fprintf(w, "\nALARM\t%s at %s\n", a.Alarm, a.Member)
	}
	fmt.Fprintln(w, "\nSESSIONS\tLOCKS\tSEMAPHORES\tLATCHES")
	if k := s.Kept; k != nil {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\n", k.Sessions, k.Locks, k.Semaphores, k.Latches)
	} else {
		fmt.Fprintf(w, "-\t-\t-\t-\t%s\n", s.why)
	}
	return w.Flush()
}

// known stands a dash for what is not known.
func known(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func decimal(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func size(n int64) string {
	switch {
	case n == 0:
		return "-"
	case n < 1e6:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
