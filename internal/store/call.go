package store

import (
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// Call is one call of a primitive, as a value without I/O: it looks at a view and says what it wants done next.
// The store does it, tells the call what came of it, and lets it look again. A model of etcd can do the same.
type Call interface {
	// Keys are the keys whose news the call waits for.
	Keys() []string
	// Next looks at the mirror and says what to do.
	Next(v mirror.View) kv.Step
	// Committed tells what came of the last transaction. It is not called when that is unknown: then the call
	// gets to look at a view in which the transaction is, if it was committed.
	Committed(r kv.Result)
	// Looked tells that every later view is at revision r or behind it, and that r is not older than the call.
	Looked(r kv.Revision)
	// Signal tells what befell the call from outside.
	Signal(s kv.Signal)
	// Loose reports whether the call may have put something in line, or have been about to, that nobody would
	// know of if its answer were lost now.
	Loose() bool
}
