package client

import (
	"errors"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is what a server answered to a call that failed; find it with errors.As. It also unwraps to the
// sentinel of its reason, so errors.Is(err, ErrNotHolder) and the like need no Error at hand.
type Error struct {
	// Reason is the name of the cpgate.v1.ErrorReason, for example "NOT_HOLDER"; empty when the error does not
	// come from cpgate itself (a broken connection, a proxy).
	Reason string
	// Field names the field of the request that broke a rule, with INVALID_NAME and INVALID_ARGUMENT.
	Field string
	// Key names the etcd key that is damaged, with DAMAGED.
	Key string

	status *status.Status
	is     error
}

// Error gives the server's message.
func (e *Error) Error() string {
	if m := e.status.Message(); m != "" {
		return m
	}
	return e.status.Code().String()
}

// Unwrap gives the sentinel of the reason; nil for a reason that has none.
func (e *Error) Unwrap() error { return e.is }

// GRPCStatus gives the whole gRPC status, with its details; status.Code(err) works through it.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// asError gives err of a gRPC call as an Error; anything else unchanged.
func asError(err error) error {
	st, ok := status.FromError(err)
	if !ok || st.Code() == codes.OK || errors.As(err, new(*Error)) {
		return err
	}
	e := &Error{status: st, is: ofCode[st.Code()]}
	if info := infoOf(st); info != nil {
		e.Reason, e.Field, e.Key = info.Reason, info.Metadata["field"], info.Metadata["key"]
		e.is = ofReason[info.Reason]
	}
	return e
}

// infoOf finds the ErrorInfo that cpgate puts on each of its errors; nil when st comes from elsewhere.
func infoOf(st *status.Status) *errdetails.ErrorInfo {
	for _, d := range st.Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.Domain == errorDomain {
			return info
		}
	}
	return nil
}

// said reports whether cpgate itself decided about the request, so that what became of it is known.
func said(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Reason != "" && !errors.Is(e, ErrUnavailable)
}

// invalid is the Error of a field that could not even be sent, in a server's shape.
func invalid(reason, field, message string) error {
	return &Error{Reason: reason, Field: field, is: ofReason[reason], status: status.New(codes.InvalidArgument, field+": "+message)}
}
