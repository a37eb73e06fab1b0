package semaphore

import (
	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/line"
	"github.com/cpgate/cpgate/internal/value"
)

// A mirror is late, and a limit that shrinks must not take back what was admitted since. So a transaction that depends on
// who holds proves, by its conditions, that just those hold at its commit whom the call saw.

// sameHolders holds as long as the limit is the one seen and nobody who holds has left, or given a part back. That is
// the only way in which somebody who waits comes to hold, save for those that come newly: see kv.NoneSince.
func sameHolders(s scene) []kv.Compare {
	all := []kv.Compare{kv.Unchanged(s.record)}
	for n := range s.line.Admitted() {
		all = append(all, kv.Unchanged(s.line.At(n)))
	}
	return all
}

// sameAdmitted holds only if exactly those are admitted that are seen so, or some of them: while anybody waits, who
// comes newly waits behind; else nobody may have come.
func sameAdmitted(s scene) []kv.Compare {
	if s.waited() {
		return append(sameHolders(s), kv.Same(s.line.At(s.line.Admitted())))
	}
	return []kv.Compare{kv.Unchanged(s.record), kv.NoneSince(s.prefix, s.view.Revision())}
}

// through returns v with all those admitted for good who hold now. It never moves backwards.
func through(s scene, v value.Semaphore) value.Semaphore {
	n := s.line.Admitted()
	if n == 0 {
		return v
	}
	last := line.PlaceOf(s.line.At(n - 1))
	if last.Compare(v.Limit().Through) > 0 {
		v.Through = &value.Through{Create: last.Create, Key: last.Key}
	}
	return v
}

// vain is after how many tries in vain others are asked to hold back.
const vain = 2

// quiet asks all others for a pause, after some tries in vain. What is committed is right without; the pause only helps
// it through.
func (c *call) quiet(s scene, tries int) (kv.Step, bool) {
	if tries < vain || s.value.Pause == c.request {
		return kv.Step{}, false
	}
	v := s.value
	v.Pause = c.request
	return c.SendInTurn(c.record(), kv.Txn{If: []kv.Compare{kv.Unchanged(s.record)}, Then: []kv.Op{c.putRecord(v)}}), true
}

// resumed ends this call's own pause, if there is one, before the call ends without writing the record.
func (c *call) resumed(s scene) (kv.Step, bool) {
	if s.value.Pause == "" || s.value.Pause != c.request {
		return kv.Step{}, false
	}
	return c.lift(s), true
}
