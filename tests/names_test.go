package tests_test

import (
	"slices"
	"strings"
	"testing"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// names are all different, and all awkward in a path.
var names = []string{
	"a", "a/b", "a%2Fb", "a%252Fb", "a/", "/a", "/", "//", "a//b", "%", "%2", "%00",
	"batch-job:123", "x:lock", "x:unlock", "x:acquire", "x:await", "x", ":lock", ":", "::lock", "x:lock:unlock",
	"orders@payments", "@", "ü 锁", " ", "a b", "+", "a+b", "a%20b", "?", "a?b=c", "#", "a#b", "&", ";", "a;b",
	".", "..", "...", "a/..", "../a", "./a", "a/.", "\\", "\"", "'", "{name}", "*", "**", "~", "\n", "\x00", "\x7f",
	"locks", "semaphores", "latches", "v1", strings.Repeat("x", 512), strings.Repeat("锁", 170) + "ab", strings.Repeat("/", 512),
}

// named is one kind of what has a name.
type named struct {
	// make makes one, or takes it, in a way that tells it from all others: by a number that mark tells too.
	make   func(r *rig, name, session string, n int32) (mark int64)
	mark   func(r *rig, name string) (shown string, mark int64)
	list   func(r *rig, token string) (names []string, next string)
	remove func(r *rig, name, session string)
}

var everyNamed = map[string]named{
	"lock": {
		make: func(r *rig, name, session string, _ int32) int64 {
			return r.hold(&cpgatev1.LockRequest{Name: name, SessionId: session}).GetFence()
		},
		mark: func(r *rig, name string) (string, int64) {
			l := r.look(name)
			return l.GetName(), l.GetFence()
		},
		list: func(r *rig, token string) (names []string, next string) {
			a := must(r.ListLocks(r.soon(), &cpgatev1.ListLocksRequest{PageSize: 7, PageToken: token}))(r.T)
			for _, l := range a.GetLocks() {
				names = append(names, l.GetName())
			}
			return names, a.GetNextPageToken()
		},
		remove: func(r *rig, name, session string) {
			r.unlock(&cpgatev1.UnlockRequest{Name: name, SessionId: session})
		},
	},
	"semaphore": {
		make: func(r *rig, name, session string, n int32) int64 {
			r.initialize(&cpgatev1.InitSemaphoreRequest{Name: name, Permits: n})
			r.take(&cpgatev1.AcquireRequest{Name: name, SessionId: session})
			return int64(n)
		},
		mark: func(r *rig, name string) (string, int64) {
			s := r.semaphore(name)
			return s.GetName(), int64(s.GetAvailable()) + 1
		},
		list: func(r *rig, token string) (names []string, next string) {
			a := must(r.ListSemaphores(r.soon(), &cpgatev1.ListSemaphoresRequest{PageSize: 7, PageToken: token}))(r.T)
			for _, s := range a.GetSemaphores() {
				names = append(names, s.GetName())
			}
			return names, a.GetNextPageToken()
		},
		remove: func(r *rig, name, _ string) {
			must(r.DestroySemaphore(r.soon(), &cpgatev1.DestroySemaphoreRequest{Name: name}))(r.T)
		},
	},
	"latch": {
		make: func(r *rig, name, _ string, n int32) int64 {
			r.set(name, n+1)
			return int64(r.arrive(name).GetRemaining())
		},
		mark: func(r *rig, name string) (string, int64) {
			l := must(r.GetLatch(r.soon(), &cpgatev1.GetLatchRequest{Name: name}))(r.T).GetLatch()
			return l.GetName(), int64(l.GetRemaining())
		},
		list: func(r *rig, token string) (names []string, next string) {
			a := must(r.ListLatches(r.soon(), &cpgatev1.ListLatchesRequest{PageSize: 7, PageToken: token}))(r.T)
			for _, l := range a.GetLatches() {
				names = append(names, l.GetName())
			}
			return names, a.GetNextPageToken()
		},
		remove: func(r *rig, name, _ string) {
			must(r.DestroyLatch(r.soon(), &cpgatev1.DestroyLatchRequest{Name: name}))(r.T)
		},
	},
}

// All kinds at once: a lock and a semaphore of one name are two things.
func TestNames_AreKeptApartOnEveryRoute(t *testing.T) {
	all := started(t)
	for route, call := range routes(t, all.addr) {
		t.Run(route, func(t *testing.T) {
			for kind, of := range everyNamed {
				t.Run(kind, func(t *testing.T) {
					t.Parallel()
					all.on(t).over(call).keepApart(of)
				})
			}
		})
	}
}

func (r *rig) keepApart(of named) {
	r.Helper()
	id := r.session(0)
	marks := map[int64]string{}
	for i, n := range names {
		mark := of.make(r, n, id, int32(i+1))
		if other, ok := marks[mark]; ok || mark <= 0 {
			r.Errorf("%q is also %q", n, other)
		}
		marks[mark] = n
	}
	for route, call := range routes(r.T, r.addr) { // every route means the same one
		for _, n := range names {
			if shown, mark := of.mark(r.over(call), n); shown != n || marks[mark] != n {
				r.Errorf("over %s, %q is %q with the mark of %q", route, n, shown, marks[mark])
			}
		}
	}
	r.listsAll(of)
	for _, n := range names {
		of.remove(r, n, id)
	}
	if left, _ := of.list(r, ""); len(left) > 0 {
		r.Errorf("left are %q", left)
	}
}

func (r *rig) listsAll(of named) {
	r.Helper()
	var listed []string
	for token := ""; ; {
		var page []string
		page, token = of.list(r, token)
		listed = append(listed, page...)
		if token == "" {
			break
		}
	}
	slices.Sort(listed)
	if want := slices.Sorted(slices.Values(names)); !slices.Equal(listed, want) {
		r.Errorf("listed %q\nwant %q", listed, want)
	}
}
