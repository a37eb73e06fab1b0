package gateway

import (
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/internal/keys"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// right returns nil for a caller who may make a call with the request.
type right func(s keys.Space, who access.Caller, q any) error

// anybodysCalls are made by callers who are yet to say who they are.
var anybodysCalls = map[string]bool{cpgatev1.AuthService_Login_FullMethodName: true}

// rights says what it takes to make a call, besides that its session serves the caller. What is not listed takes root.
//
// They are those on the keys that the call is about, so that a user who may not is not served by etcd's own API
// either. What needs write on a whole line could take any place in it by hand.
var rights = map[string]right{
	cpgatev1.SessionService_OpenSession_FullMethodName:    everyUser,
	cpgatev1.SessionService_Heartbeat_FullMethodName:      everyUser,
	cpgatev1.SessionService_BatchHeartbeat_FullMethodName: everyUser,
	cpgatev1.SessionService_CloseSession_FullMethodName:   everyUser,
	cpgatev1.SessionService_GetSession_FullMethodName:     everyUser,
	cpgatev1.SessionService_ListSessions_FullMethodName:   everyUser,

	cpgatev1.FencedLockService_Lock_FullMethodName:       writes(keys.Space.LockLine),
	cpgatev1.FencedLockService_Unlock_FullMethodName:     writes(keys.Space.LockLine),
	cpgatev1.FencedLockService_CancelLock_FullMethodName: writes(keys.Space.LockLine),
	cpgatev1.FencedLockService_GetLock_FullMethodName:    reads(keys.Space.LockLine),
	cpgatev1.FencedLockService_ListLocks_FullMethodName:  readsAll(keys.Space.Locks),

	cpgatev1.SemaphoreService_Acquire_FullMethodName:         writes(keys.Space.SemaphoreLine),
	cpgatev1.SemaphoreService_Release_FullMethodName:         writes(keys.Space.SemaphoreLine),
	cpgatev1.SemaphoreService_CancelAcquire_FullMethodName:   writes(keys.Space.SemaphoreLine),
	cpgatev1.SemaphoreService_InitSemaphore_FullMethodName:   puts(keys.Space.Semaphore),
	cpgatev1.SemaphoreService_IncreasePermits_FullMethodName: puts(keys.Space.Semaphore),
	cpgatev1.SemaphoreService_ReducePermits_FullMethodName:   puts(keys.Space.Semaphore),
	cpgatev1.SemaphoreService_DrainPermits_FullMethodName:    puts(keys.Space.Semaphore),
	cpgatev1.SemaphoreService_GetSemaphore_FullMethodName:    reads(keys.Space.SemaphoreLine),
	cpgatev1.SemaphoreService_ListSemaphores_FullMethodName:  readsAll(keys.Space.Semaphores),

	cpgatev1.CountDownLatchService_CountDown_FullMethodName:   writes(latchLine),
	cpgatev1.CountDownLatchService_TrySetCount_FullMethodName: puts(keys.Space.Latch),
	cpgatev1.CountDownLatchService_Await_FullMethodName:       reads(latchLine),
	cpgatev1.CountDownLatchService_GetLatch_FullMethodName:    reads(latchLine),
	cpgatev1.CountDownLatchService_ListLatches_FullMethodName: readsAll(keys.Space.Latches),
}

func everyUser(keys.Space, access.Caller, any) error { return nil }

// writes takes write on every key below what at returns for the name.
func writes(at func(keys.Space, keys.Name) string) right {
	return named(func(s keys.Space, who access.Caller, n keys.Name) error { return who.MayWrite(below(at(s, n))) })
}

// reads takes read on them.
func reads(at func(keys.Space, keys.Name) string) right {
	return named(func(s keys.Space, who access.Caller, n keys.Name) error { return who.MayRead(below(at(s, n))) })
}

// puts takes write on the very key.
func puts(at func(keys.Space, keys.Name) string) right {
	return named(func(s keys.Space, who access.Caller, n keys.Name) error {
		return who.MayWrite(access.Range{From: at(s, n)})
	})
}

// readsAll takes read on all keys of a kind.
func readsAll(at func(keys.Space) string) right {
	return func(s keys.Space, who access.Caller, _ any) error { return who.MayRead(below(at(s))) }
}

// named lets a request pass whose name is none: the call refuses it without a look at any key.
func named(may func(keys.Space, access.Caller, keys.Name) error) right {
	return func(s keys.Space, who access.Caller, q any) error {
		if name, err := keys.ParseName(q.(interface{ GetName() string }).GetName()); err == nil {
			return may(s, who, name)
		}
		return nil
	}
}

func latchLine(s keys.Space, n keys.Name) string { return s.Latch(n) + "/" }

func below(prefix string) access.Range {
	return access.Range{From: prefix, To: clientv3.GetPrefixRangeEnd(prefix)}
}
