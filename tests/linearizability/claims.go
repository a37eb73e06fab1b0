package linearizability

// claims are requests that may or may not have come to something, and sessions that are gone.
type claims struct {
	dead  set // sessions
	void  set // requests that come to nothing any more
	spent set // requests that were done, or came to nothing
}

// begins reports whether a request of unknown outcome still may be done, and that it was tried now.
func (c *claims) begins(request, session string) bool {
	c.spent = c.spent.with(request)
	if c.void.has(request) {
		c.void = c.void.without(request)
		return false
	}
	return !c.dead.has(session)
}

// abandons makes a request that was not done yet come to nothing.
func (c *claims) abandons(request string) {
	if !c.spent.has(request) {
		c.void = c.void.with(request)
	}
}

func (c *claims) alive(session string) bool { return session == "" || !c.dead.has(session) }

// ender is an object that sessions have a part in.
type ender interface {
	alive(session string) bool
	end(session string)
}

// maybe are the two events of a request that may have come to something: what it does, and that it is undone or comes
// to nothing. The latter is first, so that the likely order is tried first.
func maybe(what string, from, to int64, does, undoes func(object) bool) []event {
	return []event{
		{"abandoned: " + what, from, to, undoes},
		{"perhaps: " + what, from + 1, to, does},
	}
}

// never is the event of an answer that no call may get.
func never(c call, what string) []event {
	return []event{{what + " -> " + c.reason + ", which is no answer to that", c.from, c.to, func(object) bool { return false }}}
}
