// Package fencedlock says what each call to a reentrant fenced lock means.
//
// A lock is a line of tickets, one key each, in the order of their create revisions: the first one holds, the
// others wait. The create revision of the holder's ticket is its fence. Nothing hands a lock over: when the
// first ticket goes, whoever is next holds. So any gateway can serve any call, and a crash leaves nothing to
// repair.
//
// Each call is a value without I/O ([LockCall], UnlockCall, CancelCall, ForceCall) that looks at the keys and says
// what to commit; Locks carries it to etcd. The conditions of every transaction repeat what the call concluded
// from what it saw, so a late look costs a second try and never a wrong answer.
//
// # Invariants
//
// L1: at most one live holder per lock. L2: fences strictly rise. L3: unlock needs the holder's session, owner
// and, where given, fence. L4: first come, first served, across gateways and reconnects. L5: a reentrant hold
// keeps the fence.
package fencedlock
