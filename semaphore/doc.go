// Package semaphore says what each call to a counting semaphore means.
//
// A session-aware semaphore is a line of tickets, one key for each request, in the order of their create revisions, and
// a record with its limit: those at the head of the line whose permits fit under the limit hold, the others wait.
// Nobody overtakes. A release is a ticket gone, or grown smaller; so is an expired session. Nothing hands permits over.
//
// A sessionless semaphore is a number in its record. Whoever acquires or releases writes the record anew, and in the
// same transaction a memo of its request; those who wait stand in the same kind of line, and whoever is first takes what
// it came for and leaves.
//
// Each call is a value without I/O ([AcquireCall], [TakeCall], [ReleaseCall], ...) that looks at the keys and says what
// to commit; [Semaphores] carries it to etcd. The conditions of every transaction repeat what the call concluded from
// what it saw, so a late look costs a second try and never a wrong answer.
//
// # Why what is admitted stays admitted
//
// Leaving only shortens the line ahead of the rest, so as long as the limit does not shrink nobody loses a place among
// those who hold. A reduction writes into the record up to where all hold whatever the limit (admitted_through), on
// condition that just those held in that very moment: see guard.go. So who holds is at any time a function of the keys.
//
// # Invariants
//
// S1: admitted permits never exceed the limit at the moment of admission. S2: nobody overtakes a waiter. S3: once
// admitted, always admitted. S4: a request id counts once. X1: a session that ended holds nothing. X2: a caller that
// gave up leaves no ticket. X3: no answer that says no is older than its call.
package semaphore
