package remote

import (
	"context"
	"sync"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
)

const (
	// tokenIdle is after how long without a use a token is forgotten: when etcd forgets its own, unless it is told otherwise.
	tokenIdle = 5 * time.Minute
	// tokenSweep is how often tokens that are to be forgotten are looked for.
	tokenSweep = time.Minute
	// tokenGood is how long it counts that etcd took a token.
	tokenGood = 5 * time.Second
)

// tokens are those that are in use here, and whose they are. etcd tells nobody whose a token is; but it was asked for
// one, through this gateway, in the name of somebody.
type tokens struct {
	mu    sync.Mutex
	known map[string]*token // nil before the first
	swept time.Time
}

type token struct {
	user string
	used time.Time
	// etcd took it at some moment after good, and after it had told of this revision of its users and roles.
	good     time.Time
	revision uint64
}

// learn is a gRPC interceptor of a client that sees who is given which token.
func (t *tokens) learn(
	ctx context.Context, method string, q, a any, on *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption,
) error {
	err := invoke(ctx, method, q, a, on, options...)
	who, asked := q.(*pb.AuthenticateRequest)
	what, given := a.(*pb.AuthenticateResponse)
	if err == nil && asked && given {
		t.note(what.Token, token{user: who.Name})
	}
	return err
}

// look returns whose a token is, empty where that is not known, and whether it is certain by now that etcd takes it.
func (t *tokens) look(secret string, revision uint64) (user string, good bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k, ok := t.known[secret]
	if !ok {
		return "", false
	}
	k.used = time.Now()
	return k.user, k.revision == revision && k.used.Sub(k.good) < tokenGood
}

func (t *tokens) note(secret string, k token) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]*token{}
	}
	k.used = time.Now()
	t.known[secret] = &k
	t.sweep(k.used)
}

func (t *tokens) forget(secret string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, secret)
}

func (t *tokens) sweep(now time.Time) {
	if now.Sub(t.swept) < tokenSweep {
		return
	}
	t.swept = now
	for secret, k := range t.known {
		if now.Sub(k.used) > tokenIdle {
			delete(t.known, secret)
		}
	}
}
