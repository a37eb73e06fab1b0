// Package memo writes down the answers to requests that left no other trace, so that an attempt of such a request that
// comes late finds its memo and does nothing (S4). It keeps so many and drops the oldest. It is pure.
package memo

import (
	"cmp"
	"hash/crc32"
	"slices"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// How many memos are kept.
const (
	PerSession = 100
	PerName    = 10_000 // of one semaphore's or latch's, without a session
)

// Note is a memo to be.
type Note struct {
	Key   string
	Value []byte
}

// Keep returns what puts the notes, on the session's lease, and drops the oldest memos of that session beyond
// PerSession. No key is both put and deleted, nor put twice: of two notes with one key the first one counts.
func Keep(v mirror.View, session kv.LeaseID, notes ...Note) []kv.Op {
	return write(session, notes, surplus(v, session, len(notes)))
}

// Spare marks what keeps a memo as something that a full etcd may be asked without: what gives back must not fail for want
// of room to remember it. For which memos that may be so, and what it can cost, see docs/design.md.
func Spare(ops []kv.Op) []kv.Op {
	for n := range ops {
		ops[n].Spare = true
	}
	return ops
}

// write puts the notes on the lease and deletes what is old.
func write(lease kv.LeaseID, notes []Note, old []*kv.Item) (ops []kv.Op) {
	written := map[string]bool{}
	for _, n := range notes {
		if !written[n.Key] {
			written[n.Key] = true
			ops = append(ops, kv.Put(n.Key, n.Value, lease))
		}
	}
	for _, i := range old {
		if !written[i.Key] {
			ops = append(ops, kv.Delete(i.Key))
		}
	}
	return ops
}

// surplus returns the memos, oldest first, that have to go before more come. A view of the past may have let one too
// many come before: all that are too many go, though not more at a time than there should be.
func surplus(v mirror.View, session kv.LeaseID, more int) (all []*kv.Item) {
	v.Scan(v.Space().SessionMemos(int64(session)), "", func(i *kv.Item) bool {
		all = append(all, i)
		return true
	})
	slices.SortFunc(all, func(a, b *kv.Item) int {
		return cmp.Or(cmp.Compare(a.Create, b.Create), cmp.Compare(a.Key, b.Key))
	})
	return all[:min(max(0, len(all)+more-PerSession), len(all), PerSession)]
}

// KeepShared returns what puts the notes, on a lease that outlives them for long enough, and drops below memos some of what
// is too old, which is what is oldest beyond PerName: two for each note, so that there never are many more, whoever else puts
// some. Which two depends on the note, since those who keep notes at once are not to drop the same. As with Keep, no key is
// touched twice, so all notes of one transaction are to be kept together.
func KeepShared(v mirror.View, memos string, lease kv.LeaseID, notes ...Note) []kv.Op {
	all := v.Line(memos)
	surplus := min(max(0, all.Len()+len(notes)-PerName), all.Len())
	drops := min(2*len(notes), surplus)
	from := int(hash(notes) % uint32(surplus-drops+1))
	var old []*kv.Item
	for i := range drops {
		old = append(old, all.At(from+i))
	}
	return write(lease, notes, old)
}

func hash(notes []Note) (sum uint32) {
	for _, n := range notes {
		sum = crc32.Update(sum, crc32.IEEETable, []byte(n.Key))
	}
	return sum
}
