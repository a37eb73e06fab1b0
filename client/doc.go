// Package client is the Go client of cpgate: locks with fences, counting semaphores and countdown latches, shared by
// programs on many machines.
//
//	c, err := client.New("127.0.0.1:2379") // or several endpoints of one cluster
//	if err != nil {
//		return err
//	}
//	defer c.Close() // every lock and permit it holds is free at once
//
// One at a time, and who was paused for too long is found out by its fence:
//
//	err = c.Lock("orders").Do(ctx, func(ctx context.Context, fence client.Fence) error {
//		return ship(ctx, fence)
//	})
//
// So many at a time:
//
//	pool := c.Semaphore("connection-pool")
//	if _, err := pool.Init(ctx, 10); err != nil { // the first who comes
//		return err
//	}
//	err = pool.Do(ctx, 1, func(ctx context.Context) error { return query(ctx) })
//
// Wait until all have arrived:
//
//	done := c.Latch("import:2026-11-24")
//	if _, _, err := done.TrySetCount(ctx, 3); err != nil {
//		return err
//	}
//	err = done.Await(ctx) // while three workers each call CountDown
//
// # Sessions
//
// A [Client] has a session behind it: opened at the first call that needs one, kept alive by heartbeats, closed by
// [Client.Close]. Locks and permits are held by the session, so a program that crashes loses them when the session's TTL
// is over (see [Config]). The client knows from every answer until when the session can't have expired. If no answer
// comes until shortly before that moment, all that it holds is lost: the context of [Lock.Do] and [Semaphore.Do] and the
// channels of [Lock.Lost] and [Permits.Lost] end while it can't be anyone else's yet. The next call opens a new session;
// handles stay usable.
//
// Latches need no session, nor do semaphores that are [Sessionless]: those only count, and nothing comes back by itself.
//
// # Owners
//
// A goroutine has no identity, so by default every Lock excludes every other, whichever goroutine or handle it
// comes through. A lock that one line of work may take several times is locked under an [Owner].
//
// # Answers that get lost
//
// Each request has an id, and is asked again under it, on the next endpoint, until a server answers or the caller's
// context ends: it counts once, and a waiter keeps its place in line. A caller that leaves early leaves nothing
// behind: what its request waits for or has got meanwhile is given back in the background.
//
// # Connections
//
// A client has one connection to each endpoint, and on it one stream for all its calls, so that a wait costs little and
// thousands of goroutines may share a client. A server without streams is asked call by call. A server may say by itself that
// a session was ended by others, a lock forced or a semaphore destroyed, which holders then learn at once, and that it is about
// to stop, and calls go elsewhere. Whoever waits can be told its position in line: see [WithPosition].
//
// # Access control
//
// A client of a cluster with access control has a [Config.User] and a [Config.Password], or a certificate in [Config.TLS]
// that names its user. A call that its user has no right to ends with [ErrPermissionDenied]. Rights are looked at when
// a call begins: a wait goes on, whatever becomes of them and of the token.
//
// # Errors
//
// Errors are told apart with errors.Is (ErrSessionExpired and so on); errors.As with [Error] gives the details.
//
// # Files
//
// In the order of a call: client.go and config.go (what a user makes). Of locks: lock.go, unlock.go and do.go (what a
// user calls), turn.go (one call of an owner at a time), take.go and hold.go (one request to lock, and what it got).
// Of semaphores: semaphore.go, permits.go, release.go, drain.go, supply.go and semaphore_state.go (what a user calls),
// acquire.go (one request for permits), ledger.go (what is still to be given back). Of latches: latch.go, await.go and
// latch_state.go.
//
// Of all of them: claim.go (one request until it has, or leaves nothing), giveback.go (what was held, given back for
// certain), wait.go (how long a call waits), position.go (what a waiter is told meanwhile), valid.go. Below that pool.go,
// open.go, heartbeat.go and close.go (the life of sessions), session.go (one session and whether to trust it), stake.go
// (what can be lost in it), owner.go (whose it is), none.go (calls without one), retry.go and endpoints.go (one call until it is answered),
// login.go (who makes it), mux.go and stream.go (how it gets there), errors.go and reasons.go. Pure are deadline.go and
// backoff.go.
package client
