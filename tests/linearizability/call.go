package linearizability

import (
	"cmp"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// forever is when a call returns that was never answered.
const forever = int64(1) << 62

// Call is all attempts under one request id, or the only one without.
type call struct {
	request  proto.Message // of the first attempt
	answer   proto.Message // of the last one; nil when it failed
	reason   string        // why it failed
	known    bool          // false when it is open whether it was done
	attempts int
	from     int64 // when the first attempt was sent
	to       int64 // when the last one was answered; forever where it is not known
}

// calls puts the attempts of each call together, in the order of their first requests.
func (h History) calls() []call {
	all := slices.Clone(h)
	slices.SortStableFunc(all, func(a, b Attempt) int { return cmp.Compare(a.Call, b.Call) })
	var calls []call
	at := map[string]int{}
	for i, a := range all {
		k := a.key(i)
		if _, ok := at[k]; !ok {
			at[k] = len(calls)
			calls = append(calls, call{request: a.Request, from: a.Call})
		}
		calls[at[k]].add(a)
	}
	return calls
}

// key is the same for the attempts of one call, and no others.
func (a Attempt) key(i int) string {
	id := text(a.Request, "request_id")
	if id == "" {
		return fmt.Sprint("#", i)
	}
	kind := a.Request.ProtoReflect().Descriptor().Name()
	return fmt.Sprintf("%s %q %q %q", kind, text(a.Request, "name"), text(a.Request, "session_id"), id)
}

func (c *call) add(a Attempt) {
	c.attempts++
	c.answer, c.reason, c.known = a.Answer, a.Reason, !a.Lost
	c.to = forever
	if c.known {
		c.to = a.Return
	}
}

// text is the string in a field of a message; empty where it has none such.
func text(m proto.Message, field protoreflect.Name) string {
	r := m.ProtoReflect()
	f := r.Descriptor().Fields().ByName(field)
	if f == nil || f.Kind() != protoreflect.StringKind {
		return ""
	}
	return r.Get(f).String()
}

// kindOf is what a request is about: a lock, a semaphore or a latch; empty for sessions.
func kindOf(m proto.Message) string {
	switch m.(type) {
	case *cpgatev1.LockRequest, *cpgatev1.UnlockRequest, *cpgatev1.CancelLockRequest, *cpgatev1.ForceUnlockRequest,
		*cpgatev1.GetLockRequest:
		return "lock"
	case *cpgatev1.InitSemaphoreRequest, *cpgatev1.AcquireRequest, *cpgatev1.CancelAcquireRequest,
		*cpgatev1.ReleaseRequest, *cpgatev1.DrainPermitsRequest, *cpgatev1.IncreasePermitsRequest,
		*cpgatev1.ReducePermitsRequest, *cpgatev1.GetSemaphoreRequest, *cpgatev1.DestroySemaphoreRequest:
		return "semaphore"
	case *cpgatev1.TrySetCountRequest, *cpgatev1.CountDownRequest, *cpgatev1.AwaitRequest, *cpgatev1.GetLatchRequest,
		*cpgatev1.DestroyLatchRequest:
		return "latch"
	}
	return ""
}
