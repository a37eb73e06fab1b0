package session_test

import (
	"context"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"

	"github.com/cpgate/cpgate/session"
)

// "Every answer to a session carries valid_for = TTL minus the time since the gateway *sent* the last confirmed
// renewal."

// heldLeases holds up the answers of etcd's leases: the lease runs while its answer is on its way.
type heldLeases struct {
	pb.LeaseClient
	hold func()
}

func held(hold func()) func(pb.LeaseClient) pb.LeaseClient {
	return func(l pb.LeaseClient) pb.LeaseClient { return &heldLeases{l, hold} }
}

func (h *heldLeases) LeaseGrant(ctx context.Context, r *pb.LeaseGrantRequest, o ...grpc.CallOption) (*pb.LeaseGrantResponse, error) {
	defer h.hold()
	return h.LeaseClient.LeaseGrant(ctx, r, o...)
}

func (h *heldLeases) LeaseKeepAlive(ctx context.Context, o ...grpc.CallOption) (pb.Lease_LeaseKeepAliveClient, error) {
	stream, err := h.LeaseClient.LeaseKeepAlive(ctx, o...)
	return &heldStream{stream, h.hold}, err
}

type heldStream struct {
	pb.Lease_LeaseKeepAliveClient
	hold func()
}

func (h *heldStream) Recv() (*pb.LeaseKeepAliveResponse, error) {
	defer h.hold()
	return h.Lease_LeaseKeepAliveClient.Recv()
}

func TestValidForCountsFromWhenTheRenewalWasSent(t *testing.T) {
	t.Parallel()
	const delay = 300 * time.Millisecond
	w := newWorld(t, shared)
	k := w.keeper(held(func() { time.Sleep(delay) }))
	opened := w.open(k, "r", 60)
	again := w.open(k, "r", 60)
	beats, err := k.Heartbeat(t.Context(), opened.ID)
	if err != nil {
		t.Fatal(err)
	}
	for what, b := range map[string]session.Beat{"opened": opened, "opened again": again, "renewed": beats[0]} {
		if b.ValidFor > b.TTL-delay || b.ValidFor < b.TTL-soon {
			t.Errorf("%s: valid for %v of %v, the answer alone took %v", what, b.ValidFor, b.TTL, delay)
		}
	}
	if d, ok := k.ValidFor(opened.ID); !ok || d > opened.TTL-delay {
		t.Errorf("valid for %v, %v", d, ok)
	}
}

// The deadline is a promise: up to it the session lives, even if it is never renewed again.
func TestASessionLivesUpToItsDeadline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k, other := w.keeper(), w.keeper()
	sent := time.Now()
	b := w.open(k, "r", 2)
	time.Sleep(500 * time.Millisecond)
	deadline := sent.Add(b.ValidFor)
	sent = time.Now()
	beats, err := k.Heartbeat(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	if later := sent.Add(beats[0].ValidFor); later.Before(deadline.Add(400 * time.Millisecond)) {
		t.Errorf("a renewal half a second later raised the deadline by %v", later.Sub(deadline))
	} else {
		deadline = later
	}
	// The marker is looked for through a gateway that never renewed the session, so as not to.
	for time.Now().Before(deadline) {
		begin := time.Now()
		if d, ok := k.ValidFor(b.ID); ok && begin.Add(d).After(deadline.Add(time.Second)) {
			t.Fatalf("valid for %v, which is beyond the deadline by %v", d, begin.Add(d).Sub(deadline))
		}
		if live := w.live(other, b.ID); !live && time.Now().Before(deadline) {
			t.Fatalf("gone %v before its deadline", time.Until(deadline))
		}
		time.Sleep(20 * time.Millisecond)
	}
	eventually(t, "the session has expired", func() bool { return !w.live(other, b.ID) })
	if d, ok := k.ValidFor(b.ID); ok {
		t.Errorf("valid for %v after its end", d)
	}
}

func TestAGatewayPromisesNothingForASessionItNeverRenewed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k, other := w.keeper(), w.keeper()
	b := w.open(k, "r", 60)
	if d, ok := other.ValidFor(b.ID); ok {
		t.Errorf("valid for %v", d)
	}
	if _, err := other.Heartbeat(t.Context(), b.ID); err != nil {
		t.Fatal(err)
	}
	if d, ok := other.ValidFor(b.ID); !ok || d > b.TTL || d < b.TTL-soon {
		t.Errorf("valid for %v, %v", d, ok)
	}
}

// "The client's deadline is the largest, over all answers": an answer never takes a promise back, and one that was
// given for a session that is gone is not kept for one that follows it under the same id.
func TestAPromiseEndsWithItsSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	k, other := w.keeper(), w.keeper()
	b := w.open(k, "r", 300)
	if closed, err := other.Close(t.Context(), b.ID); err != nil || !closed {
		t.Fatal(closed, err)
	}
	w.open(other, "r", 2)
	if !w.live(k, b.ID) {
		t.Fatal("the second session is not there")
	}
	if d, ok := k.ValidFor(b.ID); ok && d > 2*time.Second {
		t.Errorf("a session with a TTL of 2s is said to be valid for %v", d)
	}
}

// The same while a renewal of the first one is on its way.
func TestARenewalOfTheSessionBeforePromisesNothingForTheNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, shared)
	other := w.keeper()
	b := w.open(other, "r", 300)
	k := w.keeper(held(func() {
		if closed, err := other.Close(t.Context(), b.ID); err != nil || !closed {
			t.Error(closed, err)
		}
		w.open(other, "r", 2)
	}))
	beats, err := k.Heartbeat(t.Context(), b.ID)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := k.ValidFor(b.ID)
	if beats[0].ValidFor > 2*time.Second || d > 2*time.Second {
		t.Errorf("a session with a TTL of 2s is said to be valid for %v and %v", beats[0].ValidFor, d)
	}
}
