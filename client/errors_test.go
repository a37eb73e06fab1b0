package client_test

import (
	"errors"
	"fmt"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate/client"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// answer is an error as a server puts it on the wire.
func answer(t *testing.T, domain, reason string, metadata map[string]string) error {
	t.Helper()
	st, err := status.New(codes.FailedPrecondition, "what the server says").WithDetails(
		&errdetails.ErrorInfo{Domain: domain, Reason: reason, Metadata: metadata})
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}

func TestErrors_EveryReasonOfTheProtoHasItsSentinel(t *testing.T) {
	seen := map[error]string{}
	for n, reason := range cpgatev1.ErrorReason_name {
		if n == 0 {
			continue
		}
		sentinel := client.Reasons()[reason]
		if sentinel == nil {
			t.Errorf("%s has no sentinel", reason)
			continue
		}
		if other, ok := seen[sentinel]; ok {
			t.Errorf("%s and %s share a sentinel", reason, other)
		}
		seen[sentinel] = reason
		if err := client.AsError(answer(t, "cpgate", reason, nil)); !errors.Is(err, sentinel) {
			t.Errorf("%s: %v is not %v", reason, err, sentinel)
		}
	}
}

func TestErrors_TellFieldKeyAndMessage(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", client.AsError(answer(t, "cpgate", "DAMAGED", map[string]string{"key": "cp/lock/a", "field": "name"})))
	var e *client.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is no client.Error", err)
	}
	if e.Reason != "DAMAGED" || e.Key != "cp/lock/a" || e.Field != "name" || e.Error() != "what the server says" {
		t.Errorf("%+v", e)
	}
	if status.Code(err) != codes.FailedPrecondition {
		t.Errorf("code %s", status.Code(err))
	}
}

func TestErrors_AReasonOfAnotherDomainIsNotOurs(t *testing.T) {
	err := client.AsError(answer(t, "example.org", "NOT_HOLDER", nil))
	if errors.Is(err, client.ErrNotHolder) {
		t.Error("taken for ErrNotHolder")
	}
}

func TestErrors_AStatusWithoutReasonHasTheSentinelOfItsCode(t *testing.T) {
	for code, want := range map[codes.Code]error{
		codes.Unavailable:      client.ErrUnavailable,
		codes.PermissionDenied: client.ErrPermissionDenied,
		codes.Unauthenticated:  client.ErrUnauthenticated,
	} {
		if err := client.AsError(status.Error(code, "from a proxy")); !errors.Is(err, want) {
			t.Errorf("%s: %v", code, err)
		}
	}
}

// What an answer to an unlock or a release means to a handle that believed to hold.
func TestGivenBack(t *testing.T) {
	notHolder := client.AsError(answer(t, "cpgate", "NOT_HOLDER", nil))
	expired := client.AsError(answer(t, "cpgate", "SESSION_EXPIRED", nil))
	forced := client.AsError(answer(t, "cpgate", "OWNERSHIP_LOST", nil))
	for name, c := range map[string]struct {
		already, askedBefore bool
		err, want            error
	}{
		"given back":                              {},
		"given back by the attempt before":        {already: true, askedBefore: true},
		"given back before, taken by a newer one": {askedBefore: true, err: notHolder},
		"gone before the first asking":            {already: true, want: client.ErrOwnershipLost},
		"someone else's at the first asking":      {err: notHolder, want: client.ErrOwnershipLost},
		"gone with the session":                   {err: expired, want: client.ErrOwnershipLost},
		"gone with the session, asked before":     {askedBefore: true, err: expired, want: client.ErrOwnershipLost},
		"forced":                                  {err: forced, want: client.ErrOwnershipLost},
	} {
		t.Run(name, func(t *testing.T) {
			err := client.GivenBack(c.already, c.askedBefore, c.err)
			if c.want == nil && err != nil || !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}
