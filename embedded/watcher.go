package embedded

import (
	"context"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/etcdserver"
	"go.etcd.io/etcd/server/v3/storage/mvcc"
)

// watcher watches the member's keys where etcd keeps them. By the client's own watcher and etcd's service for it, each event would
// pass through five goroutines, and wake most of them; that is much of what a hand-over takes.
type watcher struct {
	server *etcdserver.EtcdServer

	mu      sync.Mutex
	streams map[mvcc.WatchStream]context.CancelFunc
}

func newWatcher(s *etcdserver.EtcdServer) *watcher {
	return &watcher{server: s, streams: map[mvcc.WatchStream]context.CancelFunc{}}
}

// Watch ends with ctx, with the watcher, and with the member. What is asked of it is a key or range, and from which revision on.
func (w *watcher) Watch(ctx context.Context, key string, o ...clientv3.OpOption) clientv3.WatchChan {
	op := clientv3.OpGet(key, o...)
	ctx, cancel := context.WithCancel(ctx)
	s := w.server.KV().NewWatchStream()
	w.mu.Lock()
	w.streams[s] = cancel
	w.mu.Unlock()
	out := make(chan clientv3.WatchResponse)
	go func() {
		defer close(out)
		defer w.end(s)
		if _, err := s.Watch(ctx, clientv3.AutoWatchID, op.KeyBytes(), op.RangeBytes(), op.Rev()); err == nil {
			w.pass(ctx, s, out)
		}
	}()
	return out
}

func (w *watcher) pass(ctx context.Context, s mvcc.WatchStream, out chan<- clientv3.WatchResponse) {
	for {
		select {
		case r := <-s.Chan():
			mvcc.ReportEventReceived(len(r.Events))
			select {
			case out <- response(r):
			case <-ctx.Done():
				return
			}
		case <-w.server.StopNotify():
			return
		case <-ctx.Done():
			return
		}
	}
}

func response(r mvcc.WatchResponse) clientv3.WatchResponse {
	return clientv3.WatchResponse{
		Header: &pb.ResponseHeader{Revision: r.Revision}, Events: r.Events,
		CompactRevision: r.CompactRevision, Canceled: r.CompactRevision != 0,
	}
}

// RequestProgress has every watch that is not behind told of the revision, in order with its events.
func (w *watcher) RequestProgress(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for s := range w.streams {
		s.RequestProgressAll()
	}
	return nil
}

// Close ends all watches.
func (w *watcher) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cancel := range w.streams {
		cancel()
	}
	return nil
}

// end ends a stream, and counts as received what it still had.
func (w *watcher) end(s mvcc.WatchStream) {
	w.mu.Lock()
	w.streams[s]()
	delete(w.streams, s)
	w.mu.Unlock()
	s.Close()
	for r := range s.Chan() {
		mvcc.ReportEventReceived(len(r.Events))
	}
}
