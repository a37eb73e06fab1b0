package sim

import "testing"

var locks = scene{runs: 5_000, steps: 200, cast: func(w *world) {
	o := newLockOracle(w, "orders")
	for _, name := range []string{"a", "b", "c"} {
		o.addClient(w.addLife(), name)
	}
}}

func TestLocksKeepTheirPromisesUnderEverySchedule(t *testing.T) { locks.test(t) }

var semaphores = scene{runs: 3_000, steps: 250, cast: func(w *world) {
	o := newSemOracle(w, "pool")
	o.addClients(w.addLife(), "a", "b")
	o.addClients(w.addLife(), "c")
	w.actors = append(w.actors, &semOperator{oracle: o})
}}

func TestSemaphoresKeepTheirPromisesUnderEverySchedule(t *testing.T) { semaphores.test(t) }

var sessionless = scene{runs: 3_000, steps: 250, cast: func(w *world) {
	o := newSemOracle(w, "pool")
	o.addClients(nil, "a", "b", "c")
	w.actors = append(w.actors, &semOperator{oracle: o, sessionless: true})
}}

func TestSessionlessSemaphoresKeepTheirPromisesUnderEverySchedule(t *testing.T) { sessionless.test(t) }

// crowded has more callers without sessions at the gateways, so that many of them have their turns together.
var crowded = scene{runs: 400, steps: 400, cast: func(w *world) {
	o := newSemOracle(w, "pool")
	o.addClients(nil, "a", "b", "c", "d", "e", "f", "g")
	w.actors = append(w.actors, &semOperator{oracle: o, sessionless: true})
}}

func TestCrowdedSemaphoresKeepTheirPromisesUnderEverySchedule(t *testing.T) { crowded.test(t) }

// kinds has a semaphore destroyed and initialized as the other kind, with callers that are meant for either.
var kinds = scene{runs: 1_000, steps: 250, cast: func(w *world) {
	o := newSemOracle(w, "pool")
	o.addClients(w.addLife(), "a", "b")
	o.addClients(nil, "c", "d")
	w.actors = append(w.actors, &semOperator{oracle: o, fickle: true})
}}

func TestSemaphoresThatChangeTheirKindKeepTheirPromisesUnderEverySchedule(t *testing.T) {
	kinds.test(t)
}

var latches = scene{runs: 3_000, steps: 250, cast: func(w *world) { newLatchOracle(w, "job").addClients("a", "b", "c") }}

func TestLatchesKeepTheirPromisesUnderEverySchedule(t *testing.T) { latches.test(t) }

// mixed has the callers of all primitives share their sessions and gateways.
var mixed = scene{runs: 500, steps: 400, cast: func(w *world) {
	one, two := w.addLife(), w.addLife()
	lock, pool := newLockOracle(w, "orders"), newSemOracle(w, "pool")
	lock.addClient(one, "l")
	lock.addClient(two, "m")
	pool.addClients(one, "a")
	pool.addClients(two, "b", "c")
	w.actors = append(w.actors, &semOperator{oracle: pool})
	newLatchOracle(w, "job").addClients("x", "y")
}}

func TestAllPrimitivesKeepTheirPromisesUnderEverySchedule(t *testing.T) { mixed.test(t) }
