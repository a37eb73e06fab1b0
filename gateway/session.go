package gateway

import (
	"context"
	"net"
	"time"

	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/session"
)

// sessionService is cpgate.v1.SessionService.
type sessionService struct {
	keeper *session.Keeper
	cpgatev1.UnsafeSessionServiceServer
}

func (s *sessionService) OpenSession(ctx context.Context, r *cpgatev1.OpenSessionRequest) (*cpgatev1.OpenSessionResponse, error) {
	var f fields
	o := session.Opening{
		TTLSeconds:    f.ttl(r.GetTtlSeconds()),
		Name:          f.label(r.GetName()),
		RequestID:     f.orRandom(r.GetRequestId()),
		User:          userOf(ctx),
		ClientAddress: clientAddress(ctx),
	}
	if f.err != nil {
		return nil, f.err
	}
	b, err := s.keeper.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.OpenSessionResponse{
		SessionId:                b.ID.String(),
		TtlSeconds:               seconds(b.TTL),
		HeartbeatIntervalSeconds: seconds(s.keeper.HeartbeatInterval()),
		ValidFor:                 durationpb.New(b.ValidFor),
	}, nil
}

func (s *sessionService) Heartbeat(ctx context.Context, r *cpgatev1.HeartbeatRequest) (*cpgatev1.HeartbeatResponse, error) {
	var f fields
	id := f.session("session_id", r.GetSessionId())
	if f.err != nil {
		return nil, f.err
	}
	beats, err := s.keeper.Heartbeat(ctx, id)
	if err != nil {
		return nil, err
	}
	if beats[0].Expired {
		return nil, session.ErrExpired
	}
	return &cpgatev1.HeartbeatResponse{
		TtlSeconds:               seconds(beats[0].TTL),
		HeartbeatIntervalSeconds: seconds(s.keeper.HeartbeatInterval()),
		ValidFor:                 durationpb.New(beats[0].ValidFor),
	}, nil
}

func (s *sessionService) BatchHeartbeat(ctx context.Context, r *cpgatev1.BatchHeartbeatRequest) (*cpgatev1.BatchHeartbeatResponse, error) {
	var f fields
	if n := len(r.GetSessionIds()); n < 1 || n > maxHeartbeats {
		f.fail(invalid("session_ids", "must be 1 to %d, are %d", maxHeartbeats, n))
	}
	ids := make([]session.ID, 0, len(r.GetSessionIds()))
	for _, id := range r.GetSessionIds() {
		ids = append(ids, f.session("session_ids", id))
	}
	if f.err != nil {
		return nil, f.err
	}
	beats, err := s.keeper.Heartbeat(ctx, ids...)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.BatchHeartbeatResponse{Beats: each(beats, beat)}, nil
}

func (s *sessionService) CloseSession(ctx context.Context, r *cpgatev1.CloseSessionRequest) (*cpgatev1.CloseSessionResponse, error) {
	var f fields
	id := f.session("session_id", r.GetSessionId())
	if f.err != nil {
		return nil, f.err
	}
	closed, err := s.keeper.Close(ctx, id)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.CloseSessionResponse{Closed: closed}, nil
}

func (s *sessionService) GetSession(ctx context.Context, r *cpgatev1.GetSessionRequest) (*cpgatev1.GetSessionResponse, error) {
	var f fields
	id := f.session("session_id", r.GetSessionId())
	if f.err != nil {
		return nil, f.err
	}
	found, err := s.keeper.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.GetSessionResponse{Session: describeSession(found)}, nil
}

func (s *sessionService) ListSessions(ctx context.Context, r *cpgatev1.ListSessionsRequest) (*cpgatev1.ListSessionsResponse, error) {
	var f fields
	limit, after := f.pageSize(r.GetPageSize()), f.pageToken(sessionPages, r.GetPageToken())
	if f.err != nil {
		return nil, f.err
	}
	page, next, err := s.keeper.List(ctx, seesOnly(ctx), after, limit)
	if err != nil {
		return nil, err
	}
	return &cpgatev1.ListSessionsResponse{
		Sessions:      each(page, describeSession),
		NextPageToken: nextPage(sessionPages, next),
	}, nil
}

func beat(b session.Beat) *cpgatev1.SessionBeat {
	if b.Expired {
		return &cpgatev1.SessionBeat{SessionId: b.ID.String(), Expired: true}
	}
	return &cpgatev1.SessionBeat{
		SessionId: b.ID.String(), TtlSeconds: seconds(b.TTL), ValidFor: durationpb.New(b.ValidFor),
	}
}

func describeSession(s session.Session) *cpgatev1.Session {
	return &cpgatev1.Session{
		SessionId: s.ID.String(), Name: text(s.Name), TtlSeconds: seconds(s.TTL),
		Created: moment(s.Created), ClientAddress: text(s.ClientAddress), Tickets: int32(s.Tickets), User: text(s.User),
	}
}

// clientAddress is the host that the call came from, without its port.
func clientAddress(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(p.Addr.String())
	if err != nil {
		return p.Addr.String()
	}
	return host
}

// validFor is absent where this gateway never renewed the session, and without one.
func validFor(k *session.Keeper, id session.ID) *durationpb.Duration {
	d, ok := k.ValidFor(id)
	if !ok {
		return nil
	}
	return durationpb.New(d)
}

// sessionID is empty for nobody's.
func sessionID(id session.ID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

func seconds(d time.Duration) int32 { return int32(d / time.Second) }

// moment is absent where a damaged value has none.
func moment(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, 0, len(list))
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}
