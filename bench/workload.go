package main

// kind is what the callers of a workload do.
type kind string

const (
	// ownLocks: each locks and unlocks a lock of its own.
	ownLocks kind = "own locks"
	// oneLock: all lock and unlock the same one.
	oneLock kind = "one lock"
	// oneSemaphore: all acquire and release a permit of the same semaphore.
	oneSemaphore kind = "one semaphore"
	// idleSessions: they keep a session alive each.
	idleSessions kind = "idle sessions"
	// heldLocks: many locks are held, and nothing else is done.
	heldLocks kind = "held locks"
)

// workload is a row of the table.
type workload struct {
	name    string
	title   string
	kind    kind
	callers int
	permits int
	members int
	// once is set where the figure is a state and not a rate, and so the median of several says no more.
	once bool
}

func (w workload) id() string { return w.name }

// workloads are those of the table. What a figure of theirs has to reach is in aims.go.
var workloads = []workload{
	{name: "W1", title: "1 caller, own lock", kind: ownLocks, callers: 1, members: 1},
	{name: "W2", title: "64 callers, own locks", kind: ownLocks, callers: 64, members: 1},
	{name: "W3", title: "256 callers, own locks", kind: ownLocks, callers: 256, members: 1},
	{name: "W4", title: "16 callers, one lock", kind: oneLock, callers: 16, members: 1},
	{name: "W5", title: "256 callers, one lock", kind: oneLock, callers: 256, members: 1},
	{name: "W6", title: "1,000 callers, one lock", kind: oneLock, callers: 1000, members: 1},
	{name: "W7a", title: "5,000 idle sessions", kind: idleSessions, callers: 5000, members: 1, once: true},
	{name: "W7b", title: "20,000 idle sessions", kind: idleSessions, callers: 20_000, members: 1, once: true},
	{name: "W8", title: "64 callers, one semaphore of 32 permits", kind: oneSemaphore, callers: 64, permits: 32, members: 1},
	{name: "W9a", title: "64 callers, own locks, 3 members", kind: ownLocks, callers: 64, members: 3},
	{name: "W9b", title: "256 callers, own locks, 3 members", kind: ownLocks, callers: 256, members: 3},
	{name: "W10", title: "200,000 locks held by 200 sessions", kind: heldLocks, callers: 200, members: 1, once: true},
}
