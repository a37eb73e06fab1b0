package client

import "context"

// positionKey is that of what a context has for WithPosition.
type positionKey struct{}

// WithPosition gives ctx, under which a call that waits in line for a lock or for permits calls told with its position: 1 is next.
// It is told where the call came to stand, and then of changes, as a rule a fifth of a second after they happened and never
// more often; a call that waits for less, or that goes to a server without streams, is told nothing. Told runs on the
// goroutine that waits, which goes on when it has returned.
//
// Within a Do, the calls that are made under the context which that gives are told of too.
func WithPosition(ctx context.Context, told func(position int)) context.Context {
	return context.WithValue(ctx, positionKey{}, told)
}

// toldOf gives what is to be told of the position of a call under ctx; nil for nothing.
func toldOf(ctx context.Context) func(position int) {
	told, _ := ctx.Value(positionKey{}).(func(int))
	return told
}
