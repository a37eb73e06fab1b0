// Package countdownlatch says what each call to a countdown latch means.
//
// A latch is a record with the count of its round, and one key for each arrival in it: what remains is the count less
// the arrivals. The round is the revision in which the record was put, so it rises from round to round, also of a name
// that was destroyed in between, and nothing has to count it. Arrivals are keys of their own, so that they never
// conflict with each other; each is on condition that the record, and so the round, is still the one that was seen.
//
// A request that begins a round leaves a memo, so that it begins no other one, however late an attempt of it comes.
//
// Each call is a value without I/O ([SetCall], [CountDownCall], [AwaitCall], [DestroyCall]) that looks at the keys and
// says what to commit; [Latches] carries it to etcd.
//
// While a round is on, the arrivals of the last one stay: whoever repeats one of them, because the answer got lost, has
// arrived already. Older ones mean nothing to anybody: whoever begins a round, or destroys the latch, deletes what there
// is of them.
//
// # Invariants
//
// C1: what remains never rises within a round. C2: an arrival counts once. C3: a wait is completed only when zero was
// reached.
package countdownlatch
