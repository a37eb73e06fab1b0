// Package sim runs the primitives' real decisions over a model of etcd, in one goroutine, in an order that a seed
// decides: every commit, every delivery of a revision to a gateway's mirror, every timeout, lost connection, lost
// answer, crash and expiry is a step that may come at any moment. After each step it holds what was answered
// against what is true in the model.
//
// The calls are those of the product (fencedlock.LockCall and its like, which do no I/O), the mirrors are
// internal/mirror. Only what the store does with them is modelled: see run_test.go beside internal/store/run.go.
// The world (world_test.go) knows of no primitive: who asks for what is an actor's, what is true an oracle's.
//
// Replay a seed: go test ./tests/sim -run TestLocks -sim.seed=42 -sim.runs=1
package sim
