package main

import "fmt"

// aim is what a figure of cpgate is to reach.
type aim struct {
	workload string
	of       string // the system, or "" for each way to call cpgate
	says     string
	check    check
}

// check tells what was reached of an aim, and whether that is enough; known is false where what it takes was not measured.
type check func(r *report, w workload, m measured) (got string, enough, known bool)

const (
	unary  = "cpgate-unary"
	stream = "cpgate-stream"
)

// aims are those of the table of workloads.
var aims = []aim{
	{"W1", "", "at least 1.6 times etcd's Mutex", times(1.6, "etcd-mutex")},
	{"W1", "", "at least 1.2 times ZooKeeper", times(1.2, "zookeeper")},
	{"W1", "", "p50 of a lock at most 1.3 times that of one put in etcd (a commit and a round trip)", p50Of(1.3, "etcd-put")},
	{"W2", stream, "at least 4.5 times etcd's Mutex", times(4.5, "etcd-mutex")},
	{"W2", stream, "not behind Redis", times(1, "redis")},
	{"W2", unary, "at least 1.8 times etcd's Mutex", times(1.8, "etcd-mutex")},
	{"W3", stream, "at least 5 times etcd's Mutex", times(5, "etcd-mutex")},
	{"W3", stream, "at least 1.2 times Redis", times(1.2, "redis")},
	{"W3", unary, "at least 2 times etcd's Mutex", times(2, "etcd-mutex")},
	{"W4", "", "at least 12 times etcd's Mutex", times(12, "etcd-mutex")},
	{"W4", "", "at least 1.7 times ZooKeeper", times(1.7, "zookeeper")},
	{"W5", "", "at least 0.9 times W4", rateOf(0.9, "W4")},
	{"W5", "", "server CPU for each hand-over at most 1.2 times W4's", cpuOf(1.2, "W4")},
	{"W6", "", "at least 0.9 times W4", rateOf(0.9, "W4")},
	{"W6", "", "server CPU for each hand-over at most 1.2 times W4's", cpuOf(1.2, "W4")},
	{"W6", "", "at least 2 times ZooKeeper", times(2, "zookeeper")},
	{"W7a", "", "at most 2 % of a core above idle", core(0.02)},
	{"W7a", "", "less than 8 KiB resident for each session", perSession(8 << 10)},
	{"W7b", "", "at most 8 % of a core above idle", core(0.08)},
	{"W7b", "", "less than 8 KiB resident for each session", perSession(8 << 10)},
	{"W8", stream, "at least 15,000 per second", func(_ *report, w workload, m measured) (string, bool, bool) {
		return grouped(m.rate(w)), m.rate(w) >= 15_000, true
	}},
	{"W9a", "", "at least 3.5 times etcd's Mutex", times(3.5, "etcd-mutex")},
	{"W9b", "", "at least 3.5 times etcd's Mutex", times(3.5, "etcd-mutex")},
	{"W10", "", "less than 1.2 KiB resident for each lock in a gateway", func(_ *report, _ workload, m measured) (string, bool, bool) {
		each := float64(m.held.gateway) / float64(m.held.locks)
		return fmt.Sprintf("%.2f KiB", each/1024), each < 1.2*1024, true
	}},
	{"W10", "", "restart to ready in less than 10 s", func(_ *report, _ workload, m measured) (string, bool, bool) {
		return fmt.Sprintf("%.1f s", m.held.restart.Seconds()), m.held.restart.Seconds() < 10, true
	}},
}

// times is for a rate that is so many times another system's.
func times(factor float64, over string) check {
	return func(r *report, w workload, m measured) (string, bool, bool) {
		o, known := r.median(w, over)
		return ratio(m.rate(w), o.rate(w), known, func(got float64) bool { return got >= factor })
	}
}

// rateOf is for a rate that is so many times the same system's in another workload.
func rateOf(factor float64, other string) check {
	return func(r *report, w workload, m measured) (string, bool, bool) {
		v, o, known := r.other(other, m)
		return ratio(m.rate(w), o.rate(v), known, func(got float64) bool { return got >= factor })
	}
}

// cpuOf is for a cost that is at most so many times the same system's in another workload.
func cpuOf(factor float64, other string) check {
	return func(r *report, w workload, m measured) (string, bool, bool) {
		v, o, known := r.other(other, m)
		return ratio(m.serverCost(w), o.serverCost(v), known, func(got float64) bool { return got <= factor })
	}
}

// p50Of is for the median of the first step that is at most so many times another system's.
func p50Of(factor float64, over string) check {
	return func(r *report, w workload, m measured) (string, bool, bool) {
		o, known := r.median(w, over)
		if !known {
			return "", false, false
		}
		return ratio(m.Steps[0].P50, o.Steps[0].P50, known, func(got float64) bool { return got <= factor })
	}
}

func ratio(a, b float64, known bool, enough func(float64) bool) (string, bool, bool) {
	if !known || b == 0 {
		return "", false, false
	}
	return fmt.Sprintf("%.2f times", a/b), enough(a / b), true
}

// core is for what servers take of one core with sessions that do nothing, above what they take without.
func core(most float64) check {
	return func(_ *report, _ workload, m measured) (string, bool, bool) {
		return percent(m.above()), m.above() <= most, true
	}
}

func perSession(most float64) check {
	return func(_ *report, w workload, m measured) (string, bool, bool) {
		each := float64(m.Resident-m.before) / float64(w.callers)
		return fmt.Sprintf("%.1f KiB", each/1024), each < most, true
	}
}
