// Package sim runs the primitives' real decisions over a model of etcd, in one goroutine, in an order that a seed
// decides: every commit, every delivery of a revision to a gateway's mirror, every timeout, lost connection, lost
// answer, crash and expiry is a step that may come at any moment, and in every third schedule etcd's database gets full now
// and then. After each step it holds what was answered against what is true in the model.
//
// The calls are those of the product (fencedlock.LockCall and its like, which do no I/O), the mirrors are
// internal/mirror, and internal/proposal decides who shares a proposal or a transaction. Only what the store does with them is
// modelled: see run_test.go and fold_test.go beside internal/store's run.go and together.go.
//
// # Where things are
//
// The world (world_test.go) knows of no primitive: it has a model of etcd, gateways with their mirrors and the calls
// under way, and what befalls them. Who asks for what is an actor: lockClient, semClient, semOperator, latchClient. A
// request of an actor (request_test.go) goes on through all of its attempts, as a well-behaved client's does. What is
// true is an oracle's: it follows etcd's revisions, tells from them who holds and what remains, independently of how
// the product tells it, and knows which request did what. Who meets is a scene (scenes_test.go).
//
// At the end of a schedule porcupine looks for an order in which all answers are those of one request after the other.
//
// The teeth (lock_teeth_test.go and its like) break one rule at a time, and expect some schedule to notice. The twins
// (twin_program_test.go) are semaphores and latches without any cleverness: random programs ask the same of them and of
// the real calls, one after the other, and compare every answer.
//
// Replay a seed: go test ./tests/sim -run '^TestLocks' -sim.seed=42 -sim.runs=1. Each failure says how it is replayed.
package sim
