// Package sim runs the primitives' real decisions over a model of etcd, in one goroutine, in an order that a seed
// decides: every commit, every delivery of a revision to a gateway's mirror, every timeout, lost connection, lost
// answer, crash and expiry is a step that may come at any moment. After each step it holds what was answered
// against what is true in the model.
//
// The calls are those of the product (fencedlock.LockCall and its like, which do no I/O), the mirrors are
// internal/mirror. Only what the store does with them is modelled: see gateway.go beside internal/store/run.go.
//
// Replay a seed: go test ./tests/sim -run Locks -sim.seed=42 -sim.runs=1 -v
package sim
