// Package client is the Go client of cpgate: locks with fences, shared by programs on many machines.
//
//	c, err := client.New("127.0.0.1:2379") // or several endpoints of one cluster
//	if err != nil {
//		return err
//	}
//	defer c.Close() // everything it holds is free at once
//
//	err = c.Lock("orders").Do(ctx, func(ctx context.Context, fence client.Fence) error {
//		return ship(ctx, fence)
//	})
//
// # Sessions
//
// A [Client] has a session behind it: opened at the first call, kept alive by heartbeats, closed by [Client.Close].
// A lock is held by the session, so a program that crashes loses its locks when the session's TTL is over (see
// [Config]). The client knows from every answer until when the session can't have expired. If no answer comes until
// shortly before that moment, all its holds are lost: the context of [Lock.Do] and the channel of [Lock.Lost] end
// while the lock can't be anyone else's yet. The next call opens a new session; handles stay usable.
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
// Errors are told apart with errors.Is (ErrSessionExpired and so on); errors.As with [Error] gives the details.
//
// # Files
//
// In the order of a call: client.go and config.go (what a user makes), lock.go, unlock.go and do.go (what a user
// calls), turn.go (one call of an owner at a time), take.go and hold.go (one request to lock, and what it got),
// pool.go, open.go, heartbeat.go and close.go (the life of sessions), session.go (one session and whether to trust
// it), retry.go and endpoints.go (one call until it is answered), errors.go and reasons.go. Pure are deadline.go and
// backoff.go.
package client
