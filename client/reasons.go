package client

import (
	"errors"

	"google.golang.org/grpc/codes"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// What went wrong, for errors.Is. A busy lock is no error: TryLock answers false.
var (
	// ErrSessionExpired: the session is gone, and with it every hold and every place in line. The next call
	// opens a new one.
	ErrSessionExpired = errors.New("session expired")
	// ErrNotHolder: the handle does not hold the lock.
	ErrNotHolder = errors.New("not the holder")
	// ErrOwnershipLost: the handle held the lock and lost it before it gave it back: its session expired, an
	// operator forced it, or its key was deleted. What was done under it may have overlapped with a next holder;
	// the fence tells them apart.
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
	// ErrDamaged: an etcd key was overwritten by something else; Error.Key names it, deleting it mends this.
	ErrDamaged = errors.New("damaged")
	// ErrTooManyTickets: the session has as many holds and waits as one session may have.
	ErrTooManyTickets = errors.New("too many tickets")
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
	cpgatev1.ErrorReason_TOO_MANY_TICKETS.String():  ErrTooManyTickets,
}

// ofCode has the sentinel for statuses that carry no reason, because something before cpgate answered.
var ofCode = map[codes.Code]error{
	codes.Unavailable:      ErrUnavailable,
	codes.PermissionDenied: ErrPermissionDenied,
	codes.Unauthenticated:  ErrPermissionDenied,
}
