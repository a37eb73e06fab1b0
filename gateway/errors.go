package gateway

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/access"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

const (
	// domain is the domain of every google.rpc.ErrorInfo.
	domain = "cpgate"
	// retryDelay is when to ask again after UNAVAILABLE: about what it takes to elect a leader.
	retryDelay = 500 * time.Millisecond
)

const noReason = cpgatev1.ErrorReason_ERROR_REASON_UNSPECIFIED

// wire is how an error leaves the gateway.
type wire struct {
	err    error
	code   codes.Code
	reason cpgatev1.ErrorReason
}

// errorTable lists every error that callers may meet. What is not in it is a fault of ours: INTERNAL, and only
// the log says what it was. Errors of a field come besides, as fieldError, and damaged keys as DamagedError.
var errorTable = []wire{
	{session.ErrExpired, codes.FailedPrecondition, cpgatev1.ErrorReason_SESSION_EXPIRED},
	{fencedlock.ErrNotHolder, codes.FailedPrecondition, cpgatev1.ErrorReason_NOT_HOLDER},
	{fencedlock.ErrOwnershipLost, codes.FailedPrecondition, cpgatev1.ErrorReason_OWNERSHIP_LOST},
	{fencedlock.ErrWaitCancelled, codes.Aborted, cpgatev1.ErrorReason_WAIT_CANCELLED},
	{session.ErrTooManyTickets, codes.ResourceExhausted, cpgatev1.ErrorReason_TOO_MANY_TICKETS},
	{semaphore.ErrPermitsNotHeld, codes.FailedPrecondition, cpgatev1.ErrorReason_PERMITS_NOT_HELD},
	{semaphore.ErrNotInitialized, codes.FailedPrecondition, cpgatev1.ErrorReason_NOT_INITIALIZED},
	{semaphore.ErrWaitCancelled, codes.Aborted, cpgatev1.ErrorReason_WAIT_CANCELLED},
	{semaphore.ErrDestroyed, codes.FailedPrecondition, cpgatev1.ErrorReason_DESTROYED},
	{countdownlatch.ErrDestroyed, codes.FailedPrecondition, cpgatev1.ErrorReason_DESTROYED},
	{countdownlatch.ErrTooManyArrivals, codes.ResourceExhausted, cpgatev1.ErrorReason_TOO_MANY_ARRIVALS},
	{rpctypes.ErrTooManyOps, codes.ResourceExhausted, cpgatev1.ErrorReason_TOO_MANY_OPS},
	{store.ErrFull, codes.ResourceExhausted, cpgatev1.ErrorReason_DATABASE_FULL},
	{store.ErrUnavailable, codes.Unavailable, cpgatev1.ErrorReason_NO_QUORUM},
	{access.ErrUnauthenticated, codes.Unauthenticated, cpgatev1.ErrorReason_UNAUTHENTICATED},
	{access.ErrDenied, codes.PermissionDenied, cpgatev1.ErrorReason_PERMISSION_DENIED},
	{access.ErrNotEnabled, codes.FailedPrecondition, cpgatev1.ErrorReason_AUTH_NOT_ENABLED},
	{rpctypes.ErrPermissionDenied, codes.PermissionDenied, cpgatev1.ErrorReason_PERMISSION_DENIED},
	{context.Canceled, codes.Canceled, noReason},
	{context.DeadlineExceeded, codes.DeadlineExceeded, noReason},
}

// statusOf says how err leaves the gateway. known is false for an error that has no place in the table: its text
// is for the log alone.
func statusOf(err error) (st *status.Status, known bool) {
	if field := fieldOf(err); field != nil {
		return field.status(), true
	}
	var damaged *keys.DamagedError
	if errors.As(err, &damaged) {
		key := map[string]string{"key": text(damaged.Key)}
		return describe(codes.FailedPrecondition, err.Error(), info(cpgatev1.ErrorReason_DAMAGED, key)), true
	}
	for _, w := range errorTable {
		if errors.Is(err, w.err) {
			return w.status(err), true
		}
	}
	return status.New(codes.Internal, "internal error: the gateway's log says more"), false
}

func (w wire) status(err error) *status.Status {
	message := err.Error()
	switch w.reason {
	case noReason:
		return describe(w.code, message)
	case cpgatev1.ErrorReason_TOO_MANY_OPS:
		message += ": etcd's setting max-txn-ops is too small for it"
	}
	details := []protoadapt.MessageV1{info(w.reason, nil)}
	if w.code == codes.Unavailable {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(retryDelay)})
	}
	return describe(w.code, message, details...)
}

// fieldOf returns the error of a field, also where only a primitive could find it; nil for any other error.
func fieldOf(err error) *fieldError {
	var field *fieldError
	var kind *semaphore.KindError
	switch {
	case errors.As(err, &field):
		return field
	case errors.As(err, &kind):
		return invalid("session_id", "%v", kind)
	case errors.Is(err, semaphore.ErrOutOfRange):
		return invalid("permits", "%v", semaphore.ErrOutOfRange)
	case errors.Is(err, countdownlatch.ErrFutureRound):
		return invalid("round", "%v", countdownlatch.ErrFutureRound)
	}
	return nil
}

// fieldError says which field of a request breaks which rule. field is empty where the request as a whole
// can't be read.
type fieldError struct {
	field  string
	rule   string
	reason cpgatev1.ErrorReason
}

func invalid(field, rule string, args ...any) *fieldError {
	return &fieldError{field, fmt.Sprintf(rule, args...), cpgatev1.ErrorReason_INVALID_ARGUMENT}
}

func (e *fieldError) Error() string {
	if e.field == "" {
		return e.rule
	}
	return e.field + ": " + e.rule
}

func (e *fieldError) status() *status.Status {
	if e.field == "" {
		return describe(codes.InvalidArgument, e.Error(), info(e.reason, nil))
	}
	return describe(codes.InvalidArgument, e.Error(),
		info(e.reason, map[string]string{"field": e.field}),
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: e.field, Description: text(e.rule)},
		}})
}

func info(reason cpgatev1.ErrorReason, metadata map[string]string) *errdetails.ErrorInfo {
	return &errdetails.ErrorInfo{Domain: domain, Reason: reason.String(), Metadata: metadata}
}

func describe(code codes.Code, message string, details ...protoadapt.MessageV1) *status.Status {
	st := status.New(code, text(message))
	if with, err := st.WithDetails(details...); err == nil {
		return with
	}
	return st // never: these messages always marshal, since text makes their strings valid
}
