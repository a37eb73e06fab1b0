package remote

import (
	"context"
	"errors"
	"sync"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

// renewals has one stream on which leases are renewed, opened when it is needed.
type renewals struct {
	client pb.LeaseClient

	mu     sync.Mutex
	stream *stream // nil until the first is needed
}

// stream is one stream of renewals. etcd answers the questions about one lease in their order.
type stream struct {
	ctx       context.Context // ends with the stream, and says why
	end       context.CancelCauseFunc
	questions chan question

	mu      sync.Mutex
	waiting map[int64][]question
}

type question struct {
	id     int64
	answer chan *pb.LeaseKeepAliveResponse // of one place
}

// current returns the stream that is open, or a fresh one.
func (r *renewals) current() (s *stream, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stream != nil && r.stream.ctx.Err() == nil {
		return r.stream, false
	}
	s = &stream{questions: make(chan question), waiting: map[int64][]question{}}
	s.ctx, s.end = context.WithCancelCause(context.Background())
	r.stream = s
	go s.run(r.client)
	return s, true
}

// errClosed is why the stream of a cluster that was closed has ended.
var errClosed = errors.New("renewing leases: closed")

// close ends the stream.
func (r *renewals) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stream != nil {
		r.stream.end(errClosed)
	}
}

// run hands on the questions until the stream ends.
func (s *stream) run(client pb.LeaseClient) {
	to, err := client.LeaseKeepAlive(s.ctx)
	if err != nil {
		s.end(err)
		return
	}
	go s.receive(to)
	for {
		select {
		case q := <-s.questions:
			s.note(q)
			if err := to.Send(&pb.LeaseKeepAliveRequest{ID: q.id}); err != nil {
				return // receive learns why
			}
		case <-s.ctx.Done():
			return
		}
	}
}

// receive hands the answers to those who asked, until the stream breaks.
func (s *stream) receive(from pb.Lease_LeaseKeepAliveClient) {
	for {
		a, err := from.Recv()
		if err != nil {
			s.end(err)
			return
		}
		if q, ok := s.next(a.ID); ok {
			q.answer <- a
		}
	}
}

func (s *stream) note(q question) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting[q.id] = append(s.waiting[q.id], q)
}

// next is the first who still waits for an answer about this lease, gone or not.
func (s *stream) next(id int64) (q question, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.waiting[id]
	if len(all) == 0 {
		return question{}, false
	}
	if len(all) == 1 {
		delete(s.waiting, id)
	} else {
		s.waiting[id] = all[1:]
	}
	return all[0], true
}
