package tests_test

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// Whatever stands below a semaphore's name is a ticket, too: one permit of somebody we don't know.
var permitStrangers = map[string]struct{ below, value, shown string }{
	"permits of no session":       {below: "7b.r", value: `{"permits":1,"by":"g.1"}`},
	"no permits":                  {below: "7b.r", value: `{"permits":0,"by":"g.1"}`},
	"more permits than there are": {below: "7b.r", value: `{"permits":4294967296,"by":"g.1"}`},
	"permits that are no number":  {below: "7b.r", value: `{"permits":"1"}`},
}

func TestEtcdctl_AnyKeyBelowASemaphoreTakesOnePermitUntilItIsRemoved(t *testing.T) {
	t.Parallel()
	r := started(t)
	all := maps.Clone(strangers)
	maps.Copy(all, permitStrangers)
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r.on(t).meetPermitStranger(name, s.below, s.value, s.shown)
		})
	}
}

func (r *rig) meetPermitStranger(name, below, value, shown string) {
	r.Helper()
	line, shown := "cp/semaphore/"+name+"/", cmp.Or(shown, below)
	id := r.session(0)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: name, Permits: 1})
	r.etcdctl("put", "--", line+below, value)
	s := r.semaphore(name)
	if h := s.GetHolders(); s.GetAvailable() != 0 || len(h) != 1 || s.GetHolderCount() != 1 || !h[0].GetForeign() ||
		h[0].GetKey() != line+shown || h[0].GetSessionId() != "" || h[0].GetPermits() != 1 {
		r.Errorf("shown as %v", s)
	}
	r.unavailable(name, id)
	wait := r.acquire(&cpgatev1.AcquireRequest{Name: name, SessionId: id})
	r.awaitPermitWaiters(name, 1)
	r.etcdctl("del", "--", line+below)
	r.admits(wait)
	r.release(name, id, 1)

	r.etcdctl("put", "--", line+below, value)
	r.destroySemaphore(name)
	if left := r.keys("cp/semaphore/" + name); len(left) > 0 {
		r.Errorf("left is %q", left[0].Key)
	}
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: name, Permits: 1})
	r.take(&cpgatev1.AcquireRequest{Name: name, SessionId: id})
}

// Without sessions nobody holds: a stranger waits, and as long as it does, so does everybody behind it.
func TestEtcdctl_AnyKeyBelowASessionlessSemaphoreWaitsUntilItIsRemoved(t *testing.T) {
	t.Parallel()
	r := started(t)
	for name, s := range strangers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := r.on(t)
			line := "cp/semaphore/" + name + "/"
			r.initialize(&cpgatev1.InitSemaphoreRequest{Name: name, Permits: 2, Sessionless: true})
			r.etcdctl("put", "--", line+s.below, s.value)
			got := r.semaphore(name)
			if w := got.GetWaiters(); got.GetAvailable() != 2 || len(w) != 1 || !w[0].GetForeign() ||
				w[0].GetKey() != line+cmp.Or(s.shown, s.below) || w[0].GetPermits() != 1 || w[0].GetPosition() != 1 {
				t.Errorf("shown as %v", got)
			}
			r.unavailable(name, "")
			wait := r.acquire(&cpgatev1.AcquireRequest{Name: name})
			r.awaitPermitWaiters(name, 2)
			r.etcdctl("del", "--", line+s.below)
			r.admits(wait)
			r.take(&cpgatev1.AcquireRequest{Name: name})
			r.release(name, "", 1)
		})
	}
}

// What a semaphore's record may not be, and a latch's neither.
var scribbles = []string{
	"", "x", "{", "[]", "7", `""`, `{"permits":"1","count":"1"}`, `{"permits":[],"count":{}}`, "\xff\xfe",
	`{"permits":2147483648,"count":2147483648}`, `{"permits":1e300,"count":1e300}`, strings.Repeat("x", 100_000),
}

// A record that can't be read is named to everybody who asks, and destroying the semaphore mends it.
func TestEtcdctl_ASemaphoresRecordWrittenOver(t *testing.T) {
	t.Parallel()
	r := started(t)
	holder, other := r.session(0), r.session(0)
	const key = "cp/semaphore/pool"
	for _, scribble := range scribbles {
		r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 1})
		r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: holder})
		wait := r.acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: other, RequestId: "w"})
		r.awaitPermitWaiters("pool", 1)
		r.etcdctl("put", "--", key, scribble)
		for _, q := range asksForRecord("pool", holder) {
			r.namesTheKey(key, q)
		}
		must(r.ListSemaphores(r.soon(), &cpgatev1.ListSemaphoresRequest{}))(t)
		r.destroySemaphore("pool")
		if _, err := wait.end(t); reason(err) != "DESTROYED" && reason(err) != "DAMAGED" {
			t.Errorf("record %.40q: the wait ended with %v", scribble, err)
		}
	}
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 1})
	r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: holder})
}

// asksForRecord are all calls that look at the record of a semaphore.
func asksForRecord(name, session string) []proto.Message {
	return []proto.Message{
		&cpgatev1.InitSemaphoreRequest{Name: name, Permits: 1},
		&cpgatev1.AcquireRequest{Name: name, SessionId: session}, &cpgatev1.AcquireRequest{Name: name},
		&cpgatev1.ReleaseRequest{Name: name, SessionId: session}, &cpgatev1.ReleaseRequest{Name: name},
		&cpgatev1.DrainPermitsRequest{Name: name, SessionId: session}, &cpgatev1.DrainPermitsRequest{Name: name},
		&cpgatev1.IncreasePermitsRequest{Name: name, Permits: 1}, &cpgatev1.ReducePermitsRequest{Name: name, Permits: 1},
		&cpgatev1.GetSemaphoreRequest{Name: name},
	}
}

// namesTheKey asks for what is damaged, and checks that it is told which key that is.
func (r *rig) namesTheKey(key string, q proto.Message) {
	r.Helper()
	if err := r.ask(r.soon(), q); reason(err) != "DAMAGED" || !strings.Contains(err.Error(), key) {
		r.Errorf("%T: %v", q, err)
	}
}

// A record that can be read counts, whoever wrote it.
func TestEtcdctl_ASemaphoresRecordWrittenByHandAdmitsWhoWaits(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 0})
	wait := r.acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: id})
	r.awaitPermitWaiters("pool", 1)
	r.etcdctl("put", "cp/semaphore/pool", `{"permits":3}`)
	r.admits(wait)
	if s := r.semaphore("pool"); s.GetPermits() != 3 || s.GetAvailable() != 2 {
		t.Errorf("shown as %v", s)
	}
	r.etcdctl("put", "cp/semaphore/pool", `{"permits":3,"sessionless":true}`)
	_, err := r.Release(r.soon(), &cpgatev1.ReleaseRequest{Name: "pool", SessionId: id})
	if got := reason(err); got != "INVALID_ARGUMENT session_id" {
		t.Errorf("releasing got %s", got)
	}
	r.semaphore("pool")
	r.destroySemaphore("pool")
}

// Who holds by a ticket that was written over holds one permit as somebody unknown; who waits by it is told its key.
func TestEtcdctl_APermitsTicketWrittenOver(t *testing.T) {
	t.Parallel()
	r := started(t)
	id, other := r.session(0), r.session(0)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 3})
	r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: id, Permits: some(3), RequestId: "h"})
	wait := r.acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: other, Permits: some(3), RequestId: "w"})
	waiting := r.awaitPermitWaiters("pool", 1)[0].GetKey()
	behind := r.acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: other})
	r.awaitPermitWaiters("pool", 2)
	holding := r.semaphore("pool").GetHolders()[0].GetKey()

	r.etcdctl("put", "--ignore-lease", waiting, "{broken")
	_, err := wait.end(t)
	r.refuses(err, cpgatev1.ErrorReason_DAMAGED)
	if !strings.Contains(err.Error(), waiting) {
		t.Errorf("does not name the key: %v", err)
	}
	if w := r.awaitPermitWaiters("pool", 2)[0]; !w.GetForeign() || w.GetPermits() != 1 || w.GetKey() != waiting {
		t.Errorf("first in line is %v", w)
	}

	r.etcdctl("put", "--ignore-lease", holding, "{broken") // one permit of three: those two may come in
	r.admits(behind)
	s := r.semaphore("pool")
	foreign := func(h *cpgatev1.PermitHolder) bool { return h.GetForeign() && h.GetPermits() == 1 }
	if s.GetAvailable() != 0 || s.GetHolderCount() != 3 || !foreign(s.GetHolders()[0]) || !foreign(s.GetHolders()[1]) {
		t.Errorf("shown as %v", s)
	}
	_, err = r.Release(r.soon(), &cpgatev1.ReleaseRequest{Name: "pool", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_PERMITS_NOT_HELD)
	r.etcdctl("del", holding)
	r.etcdctl("del", waiting)
	if s := r.semaphore("pool"); s.GetAvailable() != 2 || s.GetHolderCount() != 1 {
		t.Errorf("shown as %v", s)
	}
	r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: id, Permits: some(2)})
}

// Whose ticket was removed has lost the permits to the next one, or is told at once to ask again.
func TestEtcdctl_APermitsTicketRemoved(t *testing.T) {
	t.Parallel()
	r := started(t)
	id, other := r.session(0), r.session(0)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 1})
	r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: id, RequestId: "h"})
	wait := r.acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: other, RequestId: "w"})
	r.etcdctl("del", r.awaitPermitWaiters("pool", 1)[0].GetKey())
	if _, err := wait.end(t); status.Code(err) != codes.Unavailable || !hintsToRetry(err) {
		t.Errorf("the wait ended with %v", err)
	}
	wait = r.acquire(&cpgatev1.AcquireRequest{Name: "pool", SessionId: other, RequestId: "w", Attempt: 1})
	r.awaitPermitWaiters("pool", 1)
	r.etcdctl("del", r.semaphore("pool").GetHolders()[0].GetKey())
	r.admits(wait)
	a := must(r.Release(r.soon(), &cpgatev1.ReleaseRequest{Name: "pool", SessionId: id, TicketId: "h"}))(t)
	if !a.GetAlreadyReleased() {
		t.Errorf("releasing got %v", a)
	}
	_, err := r.Release(r.soon(), &cpgatev1.ReleaseRequest{Name: "pool", SessionId: id})
	r.refuses(err, cpgatev1.ErrorReason_PERMITS_NOT_HELD)
}

// Keys that no semaphore and no latch can have are nobody's: they hinder no list.
func TestEtcdctl_KeysOfNoSemaphoreAndNoLatchHinderNobody(t *testing.T) {
	t.Parallel()
	r := started(t)
	id := r.session(0)
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "pool", Permits: 1})
	r.set("gate", 2)
	for _, root := range []string{"cp/semaphore", "cp/latch", "cp/memo/-/semaphore", "cp/memo/-", "cp/memo/" + id + "/semaphore"} {
		for _, below := range []string{"", "/", "//x", "/%zz", "/%zz/x", "/a%2fb", "/\xff", "/\xff/x", "/" + strings.Repeat("n", 600)} {
			r.etcdctl("put", "--", root+below, "x")
		}
	}
	var names []string
	for _, s := range must(r.ListSemaphores(r.soon(), &cpgatev1.ListSemaphoresRequest{}))(t).GetSemaphores() {
		names = append(names, s.GetName())
	}
	for _, l := range must(r.ListLatches(r.soon(), &cpgatev1.ListLatchesRequest{}))(t).GetLatches() {
		names = append(names, l.GetName())
	}
	if !slices.Equal(names, []string{"pool", "gate"}) {
		t.Errorf("listed %q", names)
	}
	r.take(&cpgatev1.AcquireRequest{Name: "pool", SessionId: id})
	if a := r.arrive("gate"); a.GetRemaining() != 1 {
		t.Errorf("arriving got %v", a)
	}
}
