// Package linearizability checks histories of calls to a real cluster: whether there is one order of all calls, each at
// a moment between its request and its answer, in which every answer is what it had to be.
//
// A History is what clients saw: every request that they sent, when, and what came back. Check makes calls of it (the
// attempts under one request id are one call), sorts them by the lock, semaphore or latch that they are about, turns
// each call into one or more events, and has porcupine look for an order of these that the model allows. The models are
// written from what the calls promise (docs/design.md and the proto files), and know nothing of how cpgate keeps it.
//
// # What is not known
//
// A request that was never answered may have come to something or not, then or later. So there is a ghost of it, which may
// take what was asked for, if that is free, and has for ever to do it, and which may lose it again: the cluster takes back
// what nobody can be told of. Ghosts stand also beside answered calls, where an earlier attempt, or a wait that was ended,
// may have held for a moment. A ghost comes to nothing once its session is gone, or its request was cancelled.
//
// A session may end as soon as the time has passed that its last answer said it was valid for, and has ended when
// somebody is told so. It is an event between these two moments in the history of each name the session touched.
//
// # What is let pass
//
// Who destroys or forces and is told "done" may not be the only one: several at the same time may be told so of one
// semaphore, latch or hold, since it was there when they came and is not any more. A set of a latch that was asked for
// again may be done once more after the latch was destroyed. And where the leader was stopped (not killed) its return
// may end sessions before their time. See docs/verification.md.
//
// # The order of the line
//
// is not modelled: whoever waits may be admitted when there is room. Who waits is, for a semaphore: it is the reason
// for which a try may be refused though its permits would fit.
package linearizability
