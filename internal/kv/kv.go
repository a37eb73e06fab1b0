// Package kv holds the values that the pure parts of cpgate speak of: an etcd key with its revisions, a
// transaction to commit, what came of it, and the step that a call wants taken next. It does no I/O, so that
// whatever is written in these values can run over a model of etcd as well as over etcd.
package kv

import "slices"

// Revision is an etcd store revision: it rises by one with every transaction that writes. 0 is before all of them.
type Revision int64

// LeaseID is the id of an etcd lease; 0 is none.
type LeaseID int64

// Item is one key as it was at some revision. Items are never changed, only replaced: they may be kept and
// read without a lock.
type Item struct {
	Key    string
	Value  []byte
	Create Revision // when the key came; a key deleted and put again is another one
	Mod    Revision // when it was last put
	Lease  LeaseID
}

// Event is what happened to one key in a revision. Item is nil when the key was deleted.
type Event struct {
	Key  string
	Item *Item
}

// Compare is one condition of a transaction, on the state before it.
type Compare struct {
	Key    string
	Prefix bool  // the condition is on every key that starts with Key
	Target Field // the field compared
	Is     Relation
	Rev    Revision
}

// Field is what a Compare looks at.
type Field int

// The fields that are compared. Create and Mod of an absent key are 0.
const (
	Create Field = iota
	Mod
)

// Relation is how a Compare compares.
type Relation int

// The relations that are used.
const (
	Equal Relation = iota
	Greater
	Less
)

// Exists holds when the key is there.
func Exists(key string) Compare { return Compare{Key: key, Target: Create, Is: Greater} }

// Absent holds when the key is not there.
func Absent(key string) Compare { return Compare{Key: key, Target: Create, Is: Equal} }

// Empty holds when no key starts with prefix.
func Empty(prefix string) Compare {
	return Compare{Key: prefix, Prefix: true, Target: Create, Is: Equal}
}

// NoneSince holds when every key that starts with prefix was there, and never deleted, since before r.
func NoneSince(prefix string, r Revision) Compare {
	return Compare{Key: prefix, Prefix: true, Target: Create, Is: Less, Rev: r + 1}
}

// Unchanged holds when the key is still exactly the item.
func Unchanged(i *Item) Compare { return Compare{Key: i.Key, Target: Mod, Is: Equal, Rev: i.Mod} }

// Same holds when the key is still there and was never deleted since, whatever its value now.
func Same(i *Item) Compare { return Compare{Key: i.Key, Target: Create, Is: Equal, Rev: i.Create} }

// Op is one write of a transaction: a put, or a delete where Delete is set, of every key that starts with Key where
// Prefix is too.
type Op struct {
	Key    string
	Value  []byte
	Lease  LeaseID
	Delete bool
	Prefix bool
	Spare  bool // a full etcd may be asked without
}

// Put writes a key and attaches it to a lease; a put without the lease would detach it.
func Put(key string, value []byte, lease LeaseID) Op { return Op{Key: key, Value: value, Lease: lease} }

// Delete removes a key.
func Delete(key string) Op { return Op{Key: key, Delete: true} }

// DeleteAll removes every key that starts with prefix.
func DeleteAll(prefix string) Op { return Op{Key: prefix, Delete: true, Prefix: true} }

// Txn is one atomic decision: when every condition of If holds, all of Then is done, else nothing.
// It never puts and deletes the same key: compaction at such a revision kills an etcd member.
type Txn struct {
	If   []Compare
	Then []Op
	// Apart, where it is not empty, names something of which only one transaction in a revision may be: two that create
	// what is told apart by its create revision must not share it.
	Apart string
	// Fold, where it is not nil, lets it be committed as one with others that are steps of the same key's value.
	Fold *Fold
}

// Fold is how a transaction that puts a key, on condition that the key is unchanged, comes after others that do so too.
type Fold struct {
	Key string
	// Onto returns what is put where they have put value. ok is false where that can't be done.
	Onto func(value []byte) (next []byte, ok bool)
}

// Puts reports whether t may need room: it puts something.
func (t Txn) Puts() bool {
	return slices.ContainsFunc(t.Then, func(o Op) bool { return !o.Delete })
}

// Bare returns t without what it can spare. ok reports whether an etcd whose database is full takes that: it puts
// nothing, and still does something.
func (t Txn) Bare() (bare Txn, ok bool) {
	bare.If, bare.Apart = t.If, t.Apart
	for _, o := range t.Then {
		switch {
		case o.Spare:
			continue
		case !o.Delete:
			return t, false
		}
		bare.Then = append(bare.Then, o)
	}
	return bare, len(bare.Then) > 0
}

// Result is what came of a Txn: whether its conditions held, and the store's revision right after it.
type Result struct {
	Succeeded bool
	Revision  Revision
}

// Settle is a transaction that writes nothing. Once it is answered, an earlier one of the same call is committed or
// never will be, since etcd's log keeps their order. A read does not tell as much: it passes by what is proposed and
// not committed yet.
func Settle(key string) Txn {
	return Txn{If: []Compare{Exists(key), Absent(key)}, Then: []Op{Delete(key)}}
}
