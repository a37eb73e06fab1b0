package client

import (
	"errors"

	"google.golang.org/grpc/codes"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// What went wrong, for errors.Is. A refusal is no error: TryLock, TryAcquire and TryAwait answer false.
var (
	// ErrSessionExpired: the session is gone, and with it every hold and every place in line. The next call
	// opens a new one.
	ErrSessionExpired = errors.New("session expired")
	// ErrNotHolder: the handle does not hold the lock.
	ErrNotHolder = errors.New("not the holder")
	// ErrOwnershipLost: the handle held the lock or permits and lost them before it gave them back: its session
	// expired, an operator forced the lock or destroyed the semaphore, or a key was deleted. What was done may have
	// overlapped with a next holder; a lock's fence tells them apart.
	ErrOwnershipLost = errors.New("ownership lost")
	// ErrWaitCancelled: a newer call under the same owner took this one's place in line, or it was cancelled
	// from elsewhere.
	ErrWaitCancelled = errors.New("wait cancelled")
	// ErrInvalidName: a name is empty, longer than 512 bytes, or not UTF-8.
	ErrInvalidName = errors.New("invalid name")
	// ErrInvalidArgument: a field breaks its rule; Error.Field names it.
	ErrInvalidArgument = errors.New("invalid argument")
	// ErrUnavailable: no endpoint could answer in the time given.
	ErrUnavailable = errors.New("unavailable")
	// ErrPermissionDenied: the user has no right to this.
	ErrPermissionDenied = errors.New("permission denied")
	// ErrUnauthenticated: the cluster has access control, and the call said not who makes it, or its user, password or token
	// is not known to it.
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrAuthNotEnabled: a login on a cluster without access control.
	ErrAuthNotEnabled = errors.New("access control not enabled")
	// ErrDatabaseFull: etcd's database is full; what gives back still works.
	ErrDatabaseFull = errors.New("database full")
	// ErrDamaged: an etcd key was overwritten by something else; Error.Key names it, deleting it mends this, as
	// does destroying the semaphore or latch.
	ErrDamaged = errors.New("damaged")
	// ErrTooManyTickets: the session has as many holds and waits as one session may have.
	ErrTooManyTickets = errors.New("too many tickets")
	// ErrPermitsNotHeld: fewer permits were held than were to be released by number; none was released.
	ErrPermitsNotHeld = errors.New("permits not held")
	// ErrDestroyed: the semaphore or latch was destroyed while the call waited, or the semaphore while its permits were held.
	ErrDestroyed = errors.New("destroyed")
	// ErrNotInitialized: the semaphore has no permits yet; Init gives it some.
	ErrNotInitialized = errors.New("not initialized")
	// ErrTooManyArrivals: the latch has as many arrivals in its round as one round may have (100,000).
	ErrTooManyArrivals = errors.New("too many arrivals")
	// ErrTooManyOps: more holders have to be looked at in one step than etcd's max-txn-ops allows.
	ErrTooManyOps = errors.New("too many operations for one transaction")
	// ErrLimitReached: Lock under an owner that holds the lock as often as lock_acquire_limit allows.
	ErrLimitReached = errors.New("acquire limit reached")
	// ErrClosed: the client was closed.
	ErrClosed = errors.New("client closed")
)

// errorDomain is the domain of the google.rpc.ErrorInfo on every error of cpgate.
const errorDomain = "cpgate"

// ofReason has the sentinel of every reason a server can give.
var ofReason = map[string]error{
	cpgatev1.ErrorReason_SESSION_EXPIRED.String():   ErrSessionExpired,
	cpgatev1.ErrorReason_NOT_HOLDER.String():        ErrNotHolder,
	cpgatev1.ErrorReason_OWNERSHIP_LOST.String():    ErrOwnershipLost,
	cpgatev1.ErrorReason_WAIT_CANCELLED.String():    ErrWaitCancelled,
	cpgatev1.ErrorReason_INVALID_NAME.String():      ErrInvalidName,
	cpgatev1.ErrorReason_INVALID_ARGUMENT.String():  ErrInvalidArgument,
	cpgatev1.ErrorReason_NO_QUORUM.String():         ErrUnavailable,
	cpgatev1.ErrorReason_PERMISSION_DENIED.String(): ErrPermissionDenied,
	cpgatev1.ErrorReason_DAMAGED.String():           ErrDamaged,
	cpgatev1.ErrorReason_UNAUTHENTICATED.String():   ErrUnauthenticated,
	cpgatev1.ErrorReason_AUTH_NOT_ENABLED.String():  ErrAuthNotEnabled,
	cpgatev1.ErrorReason_DATABASE_FULL.String():     ErrDatabaseFull,
	cpgatev1.ErrorReason_TOO_MANY_TICKETS.String():  ErrTooManyTickets,
	cpgatev1.ErrorReason_PERMITS_NOT_HELD.String():  ErrPermitsNotHeld,
	cpgatev1.ErrorReason_DESTROYED.String():         ErrDestroyed,
	cpgatev1.ErrorReason_NOT_INITIALIZED.String():   ErrNotInitialized,
	cpgatev1.ErrorReason_TOO_MANY_ARRIVALS.String(): ErrTooManyArrivals,
	cpgatev1.ErrorReason_TOO_MANY_OPS.String():      ErrTooManyOps,
}

// ofCode has the sentinel for statuses that carry no reason, because something before cpgate answered.
var ofCode = map[codes.Code]error{
	codes.Unavailable:      ErrUnavailable,
	codes.PermissionDenied: ErrPermissionDenied,
	codes.Unauthenticated:  ErrUnauthenticated,
}
