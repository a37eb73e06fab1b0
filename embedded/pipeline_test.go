package embedded_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/server/v3/lease"
	"google.golang.org/protobuf/proto"

	"github.com/cpgate/cpgate/embedded"
)

// peer is where leases are renewed as at a leader. Each has its number for a TTL; those of 0 and below are not there.
type peer struct {
	*httptest.Server
	connections atomic.Int32
	fails       int64         // is answered by a fault
	confused    int64         // is answered about another one
	silent      chan struct{} // holds back the answers until it is closed; nil for not at all
}

func newPeer(t *testing.T) *peer {
	t.Helper()
	p := &peer{}
	p.Server = httptest.NewUnstartedServer(p)
	p.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			p.connections.Add(1)
		}
	}
	t.Cleanup(p.Close)
	return p
}

func (p *peer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var q pb.LeaseKeepAliveRequest
	if err := proto.Unmarshal(body, &q); err != nil || r.URL.Path != "/leases" {
		http.Error(w, "no renewal", http.StatusBadRequest)
		return
	}
	if p.silent != nil {
		<-p.silent
	}
	switch {
	case q.ID <= 0:
		http.Error(w, lease.ErrLeaseNotFound.Error(), http.StatusNotFound)
	case q.ID == p.fails:
		http.Error(w, "not the leader", http.StatusBadRequest)
	case q.ID == p.confused:
		a, _ := proto.Marshal(&pb.LeaseKeepAliveResponse{ID: q.ID + 1, TTL: q.ID + 1})
		_, _ = w.Write(a)
	default:
		a, _ := proto.Marshal(&pb.LeaseKeepAliveResponse{ID: q.ID, TTL: q.ID})
		_, _ = w.Write(a)
	}
}

func (p *peer) pipeline(t *testing.T) embedded.Pipeline {
	t.Helper()
	p.Start()
	return embedded.NewPipeline(t.Context(), p.URL)
}

func TestPipeline_RenewsManyOverOneConnectionAndEachHasItsOwnAnswer(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	l := p.pipeline(t)
	var group sync.WaitGroup
	for id := int64(-100); id <= 400; id++ {
		group.Go(func() {
			ttl, err := l.Renew(t.Context(), id)
			if id <= 0 {
				if !errors.Is(err, lease.ErrLeaseNotFound) {
					t.Errorf("lease %d: %v", id, err)
				}
			} else if err != nil || ttl != id {
				t.Errorf("lease %d: %d, %v", id, ttl, err)
			}
		})
	}
	group.Wait()
	if n := p.connections.Load(); n != 1 {
		t.Errorf("over %d connections", n)
	}
}

// Nobody waits behind a renewal that the leader can't decide, and nobody takes another one's answer for his own.
func TestPipeline_EndsWithAnAnswerThatIsNeitherYesNorNo(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(p *peer){
		"a fault":          func(p *peer) { p.fails = 7 },
		"another's answer": func(p *peer) { p.confused = 7 },
	} {
		p := newPeer(t)
		spoil(p)
		l := p.pipeline(t)
		if _, err := l.Renew(t.Context(), 6); err != nil {
			t.Fatal(err)
		}
		if ttl, err := l.Renew(t.Context(), 7); err == nil || errors.Is(err, lease.ErrLeaseNotFound) {
			t.Errorf("%s: got %d, %v", what, ttl, err)
		}
		if ttl, err := l.Renew(t.Context(), 8); err == nil {
			t.Errorf("%s: behind it got %d", what, ttl)
		}
	}
}

func TestPipeline_EndsWhereNobodyAnswers(t *testing.T) {
	t.Parallel()
	p := newPeer(t)
	p.silent = make(chan struct{})
	l := p.pipeline(t)
	var group sync.WaitGroup
	for id := range int64(3) {
		group.Go(func() {
			if ttl, err := l.Renew(t.Context(), id+1); err == nil {
				t.Errorf("got %d", ttl)
			}
		})
	}
	group.Wait()
	close(p.silent) // or the peer would not close
	nobody := embedded.NewPipeline(t.Context(), "http://"+freeAddress(t))
	if ttl, err := nobody.Renew(t.Context(), 1); err == nil {
		t.Errorf("where nobody listens got %d", ttl)
	}
}
