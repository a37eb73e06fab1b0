package tests_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/cpgatetest"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// names are all different locks, and all awkward in a path.
var names = []string{
	"a", "a/b", "a%2Fb", "a%252Fb", "a/", "/a", "/", "//", "a//b", "%", "%2", "%00",
	"batch-job:123", "x:lock", "x:unlock", "x", ":lock", ":", "::lock", "x:lock:unlock",
	"orders@payments", "@", "ü 锁", " ", "a b", "+", "a+b", "a%20b", "?", "a?b=c", "#", "a#b", "&", ";", "a;b",
	".", "..", "...", "a/..", "../a", "./a", "a/.", "\\", "\"", "'", "{name}", "*", "**", "~", "\n", "\x00", "\x7f",
	"locks", "v1", strings.Repeat("x", 512), strings.Repeat("锁", 170) + "ab", strings.Repeat("/", 512),
}

func TestNames_AreKeptApartOnEveryRoute(t *testing.T) {
	node := cpgatetest.Start(t)
	all := routes(t, node.Addr())
	for name, call := range all {
		t.Run(name, func(t *testing.T) {
			id := opened(t, call)
			fences := map[int64]string{}
			for _, n := range names {
				a := mustCall(t, call, lock, &cpgatev1.LockRequest{Name: n, SessionId: id}).(*cpgatev1.LockResponse)
				if a.GetHoldCount() != 1 {
					t.Errorf("%q is also %q", n, fences[a.GetFence()])
				}
				fences[a.GetFence()] = n
			}
			for _, n := range names {
				for other, see := range all { // both routes mean the same lock
					a := mustCall(t, see, getLock, &cpgatev1.GetLockRequest{Name: n}).(*cpgatev1.GetLockResponse)
					if a.GetLock().GetName() != n || fences[a.GetLock().GetFence()] != n {
						t.Errorf("over %s, %q is %v", other, n, a)
					}
				}
			}
			compareList(t, call)
			for _, n := range names {
				mustCall(t, call, unlock, &cpgatev1.UnlockRequest{Name: n, SessionId: id})
			}
		})
	}
}

func compareList(t *testing.T, call route) {
	t.Helper()
	var listed []string
	for q := (&cpgatev1.ListLocksRequest{PageSize: 7}); ; {
		a := mustCall(t, call, listLocks, q).(*cpgatev1.ListLocksResponse)
		for _, l := range a.GetLocks() {
			listed = append(listed, l.GetName())
		}
		if q.PageToken = a.GetNextPageToken(); q.PageToken == "" {
			break
		}
	}
	slices.Sort(listed)
	if want := slices.Sorted(slices.Values(names)); !slices.Equal(listed, want) {
		t.Errorf("listed %q\nwant %q", listed, want)
	}
}
