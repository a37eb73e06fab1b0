package proposal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/internal/kv"
)

// Two transactions are in conflict when one writes a key, or a range of keys, that the other writes or compares. To find
// that out without a look at each pair, a transaction claims names, as databases lock a hierarchy (granular locks): those
// of its keys and ranges, and with intent those of the folders that they are in. Two that are in conflict claim one name
// in modes that exclude each other.

// mode is how a name is claimed: one or more of the bits below.
type mode uint8

const (
	writes      mode = 1 << iota // the key of that name, or all keys in the folder
	compares                     // the same
	comparesNew                  // is on condition that no key has come into the folder: one that goes makes no difference
	comparesIn                   // some key in the folder
	writesIn
	deletesIn // no more than that
	bits      = iota
)

// excluded are, for each bit, those in which nobody else may claim the same name.
var excluded = [bits]mode{
	writes | compares | comparesNew | comparesIn | writesIn | deletesIn, // what is written
	writes | writesIn | deletesIn,                                       // what is compared
	writes | writesIn,
	writes,
	writes | compares | comparesNew,
	writes | compares,
}

// name stands for a key, or for a folder: what a key starts with up to one of its slashes. It is a hash: two that share
// one count as the same, which costs them a place in a group and nothing else.
type name uint64

// root is the folder of all keys, and prime what each byte is multiplied in with: those of FNV-1a.
const (
	root  name = 14695981039346656037
	prime name = 1099511628211
)

// within names what goes on from n.
func (n name) within(part string) name {
	for i := range len(part) {
		n = (n ^ name(part[i])) * prime
	}
	return n
}

// claim is one name and how it is claimed.
type claim struct {
	name name
	mode mode
}

type claims []claim

// perKey is how many names a key usually claims: its own, and those of its folders.
const perKey = 6

// claimsOf returns what a transaction claims, each name once.
func claimsOf(t kv.Txn) claims {
	c := make(claims, 0, perKey*(len(t.If)+len(t.Then)))
	for _, k := range t.If {
		if k.Prefix && k.Target == kv.Create && k.Is == kv.Less {
			c = c.with(k.Key, true, comparesNew, comparesIn)
		} else {
			c = c.with(k.Key, k.Prefix, compares, comparesIn)
		}
	}
	for _, o := range t.Then {
		if o.Delete && !o.Prefix {
			c = c.with(o.Key, false, writes, deletesIn)
		} else {
			c = c.with(o.Key, o.Prefix, writes, writesIn)
		}
	}
	if t.Apart != "" {
		c = append(c, claim{root.within("\x00" + t.Apart), writes}) // as no key is named
	}
	return c.merged()
}

// with adds what is done to a key, or to all keys that start with it, and with what intent to the folders that it is in.
// Keys that start with what is no folder all are in one: then that is claimed.
func (c claims) with(key string, all bool, m, intent mode) claims {
	if all {
		key = key[:strings.LastIndexByte(key, '/')+1]
	}
	n := root
	for part := range strings.SplitAfterSeq(key, "/") {
		if part != "" {
			c = append(c, claim{n, intent})
			n = n.within(part)
		}
	}
	return append(c, claim{n, m})
}

// merged returns one claim for each name.
func (c claims) merged() claims {
	slices.SortFunc(c, func(a, b claim) int { return cmp.Compare(a.name, b.name) })
	all := c[:0]
	for _, k := range c {
		if n := len(all); n > 0 && all[n-1].name == k.name {
			all[n-1].mode |= k.mode
		} else {
			all = append(all, k)
		}
	}
	return all
}
