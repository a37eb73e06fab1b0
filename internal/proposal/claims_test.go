package proposal_test

import (
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/proposal"
)

// if and then spell transactions.
func on(cs ...kv.Compare) kv.Txn { return kv.Txn{If: cs} }
func do(ops ...kv.Op) kv.Txn     { return kv.Txn{Then: ops} }

func put(key string) kv.Op { return kv.Put(key, nil, 0) }

func at(key string) *kv.Item { return &kv.Item{Key: key, Create: 3, Mod: 7} }

// together reports whether the two go into one proposal, whichever comes first. That one puts and the other does not keeps
// them apart too: here it does not count.
func together(a, b kv.Txn) bool {
	both := func(a, b kv.Txn) bool {
		var q proposal.Queue[int]
		a.Then, b.Then = append(a.Then, put("a")), append(b.Then, put("b"))
		q.Add(proposal.NewEntry(a, 1))
		q.Add(proposal.NewEntry(b, 2))
		return len(q.Next()) == 2
	}
	return both(a, b) && both(b, a)
}

func TestWhatIsInConflictGoesApart(t *testing.T) {
	line := func(name string) kv.Txn { return kv.Txn{Apart: name} }
	for what, c := range map[string]struct {
		a, b     kv.Txn
		together bool
	}{
		"puts of two keys":             {do(put("x/1")), do(put("x/2")), true},
		"puts of one key":              {do(put("x/1")), do(put("x/1")), false},
		"a put and a deletion of it":   {do(put("x/1")), do(kv.Delete("x/1")), false},
		"deletions of one key":         {do(kv.Delete("x/1")), do(kv.Delete("x/1")), false},
		"a put of what is compared":    {do(put("x/1")), on(kv.Unchanged(at("x/1"))), false},
		"a deletion of what is absent": {do(kv.Delete("x/1")), on(kv.Absent("x/1")), false},
		"two that compare one key":     {on(kv.Unchanged(at("x/1"))), on(kv.Exists("x/1")), true},
		"a put of another key":         {do(put("x/1")), on(kv.Unchanged(at("x/12"))), true},
		"a key beside, longer":         {do(put("x/1")), on(kv.Absent("x/1/2")), true},

		"a put into what is empty":              {do(put("x/1")), on(kv.Empty("x/")), false},
		"a put far below what is empty":         {do(put("x/1/2/3")), on(kv.Empty("x/")), false},
		"a deletion in what is empty":           {do(kv.Delete("x/1")), on(kv.Empty("x/")), false},
		"a put beside what is empty":            {do(put("x")), on(kv.Empty("x/")), true},
		"a put into another folder":             {do(put("y/1")), on(kv.Empty("x/")), true},
		"a put into what nothing has come into": {do(put("x/1")), on(kv.NoneSince("x/", 5)), false},
		"a deletion in what nothing came into":  {do(kv.Delete("x/1")), on(kv.NoneSince("x/", 5)), true},
		"a deletion of all of that":             {do(kv.DeleteAll("x/")), on(kv.NoneSince("x/", 5)), false},
		"two on one empty folder":               {on(kv.Empty("x/")), on(kv.NoneSince("x/", 5)), true},

		"a put into what is deleted":           {do(put("x/1")), do(kv.DeleteAll("x/")), false},
		"a deletion in what is deleted":        {do(kv.Delete("x/1/2")), do(kv.DeleteAll("x/")), false},
		"a condition in what is deleted":       {on(kv.Absent("x/1")), do(kv.DeleteAll("x/")), false},
		"a condition on what is deleted":       {on(kv.Empty("x/")), do(kv.DeleteAll("x/")), false},
		"a condition on a part of it":          {on(kv.Empty("x/y/")), do(kv.DeleteAll("x/")), false},
		"a condition on more than that":        {on(kv.Empty("x/")), do(kv.DeleteAll("x/y/")), false},
		"deletions of one in the other":        {do(kv.DeleteAll("x/")), do(kv.DeleteAll("x/y/")), false},
		"deletions side by side":               {do(kv.DeleteAll("x/")), do(kv.DeleteAll("y/")), true},
		"a put beside what is deleted":         {do(put("x")), do(kv.DeleteAll("x/")), true},
		"a deletion of all, and anything":      {do(kv.DeleteAll("")), on(kv.Absent("x")), false},
		"a range that is no folder, a key":     {on(kv.Empty("x/1")), do(put("x/12")), false},
		"a range that is no folder, elsewhere": {on(kv.Empty("x/1")), do(put("y/12")), true},

		"two that are to be apart":           {line("x/"), line("x/"), false},
		"two that are to be apart of others": {line("x/"), line("y/"), true},
		"one to be apart, one of that name":  {line("x/"), do(put("x/")), true},
		"one to be apart, one on all there":  {line("x/"), on(kv.Empty("x/")), true},
		"nothing and anything":               {kv.Txn{}, do(put("x")), true},
	} {
		if got := together(c.a, c.b); got != c.together {
			t.Errorf("%s: together %v", what, got)
		}
	}
}
