package tests_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

var latchStory = []step{
	// Never set.
	{&cpgatev1.GetLatchRequest{Name: "gate"}, `{"latch":{"name":"gate"}}`},
	{&cpgatev1.AwaitRequest{Name: "gate"}, `{"completed":true}`},
	{&cpgatev1.CountDownRequest{Name: "gate"}, `{}`},
	{&cpgatev1.CountDownRequest{Name: "gate", Round: 1 << 62}, `INVALID_ARGUMENT round`},
	{&cpgatev1.ListLatchesRequest{}, `{}`},
	{&cpgatev1.DestroyLatchRequest{Name: "gate"}, `{}`},

	{&cpgatev1.TrySetCountRequest{Name: "gate", Count: 2, RequestId: "s1"}, `{"set":true,"round":"1"}`},
	{&cpgatev1.TrySetCountRequest{Name: "gate", Count: 2, RequestId: "s1"}, `{"set":true,"round":"1"}`},
	{&cpgatev1.TrySetCountRequest{Name: "gate", Count: 3, RequestId: "s2"}, `{"round":"1"}`},
	{&cpgatev1.AwaitRequest{Name: "gate", Timeout: atOnce}, `{"remaining":2,"round":"1"}`},
	{&cpgatev1.AwaitRequest{Name: "gate", Timeout: aMoment}, `{"remaining":2,"round":"1"}`},
	{&cpgatev1.GetLatchRequest{Name: "gate@default"}, `{"latch":{"name":"gate","count":2,"remaining":2,"round":"1"}}`},

	// Each request arrives once.
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c1"}, `{"remaining":1,"round":"1"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c1"}, `{"remaining":1,"round":"1"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c1", Round: 1}, `{"remaining":1,"round":"1"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c2", Round: 1 << 62}, `INVALID_ARGUMENT round`},
	{&cpgatev1.TrySetCountRequest{Name: "gate", Count: 1}, `{"round":"1"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c2", Round: 1}, `{"round":"1"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c3"}, `{"round":"1"}`},
	{&cpgatev1.AwaitRequest{Name: "gate"}, `{"completed":true,"round":"1"}`},
	{&cpgatev1.AwaitRequest{Name: "gate", Timeout: atOnce}, `{"completed":true,"round":"1"}`},
	{&cpgatev1.GetLatchRequest{Name: "gate"}, `{"latch":{"name":"gate","count":2,"round":"1"}}`},

	// The next round: who arrived in the last one, or means it, counts no more.
	{&cpgatev1.TrySetCountRequest{Name: "gate", Count: 100000, RequestId: "s3"}, `{"set":true,"round":"2"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c1"}, `{"remaining":100000,"round":"2"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c4", Round: 1}, `{"remaining":100000,"round":"2"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c5"}, `{"remaining":99999,"round":"2"}`},
	{&cpgatev1.AwaitRequest{Name: "gate", Timeout: atOnce}, `{"remaining":99999,"round":"2"}`},
	{&cpgatev1.ListLatchesRequest{}, `{"latches":[{"name":"gate","count":100000,"remaining":99999,"round":"2"}]}`},

	// Destroyed and set anew, it never comes back to an old round.
	{&cpgatev1.DestroyLatchRequest{Name: "gate"}, `{"destroyed":true}`},
	{&cpgatev1.DestroyLatchRequest{Name: "gate"}, `{}`},
	{&cpgatev1.GetLatchRequest{Name: "gate"}, `{"latch":{"name":"gate"}}`},
	{&cpgatev1.AwaitRequest{Name: "gate"}, `{"completed":true}`},
	{&cpgatev1.TrySetCountRequest{Name: "gate", Count: 1, RequestId: "s4"}, `{"set":true,"round":"3"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c6", Round: 2}, `{"remaining":1,"round":"3"}`},
	{&cpgatev1.CountDownRequest{Name: "gate", RequestId: "c5"}, `{"round":"3"}`},
	{&cpgatev1.DestroyLatchRequest{Name: "gate"}, `{"destroyed":true}`},
	{&cpgatev1.ListLatchesRequest{}, `{}`},
}

func TestRoutes_TellTheSameStoryOfLatches(t *testing.T) { tell(t, latchStory) }

// A latch ends its waits by its last arrival, and by being destroyed. Who waited for a round that is over is not held
// back by the next one.
func TestRoutes_ALatchEndsItsWaits(t *testing.T) {
	all := started(t)
	for name, call := range routes(t, all.addr) {
		t.Run(name, func(t *testing.T) {
			r := all.on(t).over(call)
			first := r.set(name, 2)
			wait := r.awaiting(name)
			if a := r.arrive(name); a.GetRemaining() != 1 || wait.answered() {
				t.Errorf("at the first arrival: %v, the wait is over: %v", a, wait.answered())
			}
			r.arrive(name)
			second := r.set(name, 1)
			if a := must(wait.end(t))(t); !a.GetCompleted() || a.GetRound() != first {
				t.Errorf("waited for %v, want round %d", a, first)
			}
			wait = r.awaiting(name)
			must(r.DestroyLatch(r.soon(), &cpgatev1.DestroyLatchRequest{Name: name}))(t)
			_, err := wait.end(t)
			r.refuses(err, cpgatev1.ErrorReason_DESTROYED)
			if third := r.set(name, 1); first >= second || second >= third {
				t.Errorf("rounds %d, %d and %d do not rise", first, second, third)
			}
		})
	}
}

// set begins a round.
func (r *rig) set(name string, count int32) (round int64) {
	r.Helper()
	a := must(r.TrySetCount(r.soon(), &cpgatev1.TrySetCountRequest{Name: name, Count: count}))(r.T)
	if !a.GetSet() {
		r.Fatalf("setting %q: %v", name, a)
	}
	return a.GetRound()
}

func (r *rig) arrive(name string) *cpgatev1.CountDownResponse {
	r.Helper()
	return must(r.CountDown(r.soon(), &cpgatev1.CountDownRequest{Name: name}))(r.T)
}

// awaiting waits for a latch, and returns when the node knows. The process's metrics tell: no other test may run.
func (r *rig) awaiting(name string) *pending[*cpgatev1.AwaitResponse] {
	r.Helper()
	ctx, before := r.soon(), r.running()
	p := begin(func() (*cpgatev1.AwaitResponse, error) { return r.Await(ctx, &cpgatev1.AwaitRequest{Name: name}) })
	r.await("the wait for "+name, func() bool { return r.running() > before })
	return p
}

// running is how many wait for latches.
func (r *rig) running() (n int) {
	r.Helper()
	resp, err := http.Get("http://" + r.addr + "/metrics")
	if err != nil {
		r.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	told := must(io.ReadAll(resp.Body))(r.T)
	gauge := fmt.Sprintf("\ncpgate_calls_running{method=%q} ", cpgatev1.CountDownLatchService_Await_FullMethodName)
	_, after, _ := strings.Cut(string(told), gauge)
	if _, err := fmt.Sscan(after, &n); err != nil {
		r.Fatalf("no gauge of the waits: %v", err)
	}
	return n
}
