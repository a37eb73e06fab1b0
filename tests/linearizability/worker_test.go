package linearizability_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

const (
	// silence is how long an attempt may stay without an answer, beside what it was told to wait.
	silence = 3 * time.Second
	// longestWait bounds waits without a timeout, which then leave the line.
	longestWait = 4 * time.Second
)

// worker is a client without a library: it keeps its own session, and asks again under the same request id, elsewhere,
// until it is answered. It does one thing after the other.
type worker struct {
	*load
	rand    *rand.Rand
	ways    []dial // to the members, each in turn
	now     int    // the one in use
	ids     int
	name    string
	object  string // the name of what it works on
	session string // empty until the first call that needs one
	beat    context.CancelFunc
}

// id is a new request id.
func (w *worker) id() string {
	w.ids++
	return fmt.Sprintf("%s.%d", w.name, w.ids)
}

// chance is true so many times in a hundred.
func (w *worker) chance(percent int) bool { return w.rand.IntN(100) < percent }

func (w *worker) upTo(d time.Duration) time.Duration { return time.Duration(w.rand.Int64N(int64(d))) }

// think is a moment in which a worker does nothing.
func (w *worker) think(d time.Duration) { sleep(w.ctx, w.upTo(d)) }

// ask makes a call, as often as it takes to be answered or until ctx ends.
func ask[A proto.Message](ctx context.Context, w *worker, q proto.Message) (A, error) {
	m := methods[q.ProtoReflect().Descriptor().FullName()]
	for n := int64(0); ; n++ {
		setAttempt(q, n)
		a := m.empty()
		err := w.attempt(ctx, m, q, a)
		if err == nil {
			return a.(A), nil
		}
		var none A
		reason, lost := reasonOf(err)
		if reason == expired {
			w.forget()
		}
		if !lost || ctx.Err() != nil {
			return none, err
		}
		w.now = (w.now + 1) % len(w.ways)
		sleep(ctx, 20*time.Millisecond+w.upTo(80*time.Millisecond))
	}
}

const expired = "SESSION_EXPIRED"

func (w *worker) attempt(ctx context.Context, m method, q, a proto.Message) error {
	limit := longestWait + silence
	if timed, ok := q.(interface{ GetTimeout() *durationpb.Duration }); !ok {
		limit = silence
	} else if timed.GetTimeout() != nil {
		limit = timed.GetTimeout().AsDuration() + silence
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return w.ways[w.now](ctx, m.name, q, a)
}

func setAttempt(q proto.Message, n int64) {
	m := q.ProtoReflect()
	if f := m.Descriptor().Fields().ByName("attempt"); f != nil {
		m.Set(f, protoreflect.ValueOfInt32(int32(n)))
	}
}

// once makes a call that can't be repeated: what became of it is not known when it is not answered.
func (w *worker) once(q proto.Message) {
	m := methods[q.ProtoReflect().Descriptor().FullName()]
	_ = w.attempt(w.life, m, q, m.empty()) // recorded
}

// enter gives the worker's session, opened newly where it has none that it believes in.
func (w *worker) enter() (session string, ok bool) {
	if w.session != "" {
		return w.session, true
	}
	ttl := 2 + w.rand.Int32N(3)
	a, err := ask[*cpgatev1.OpenSessionResponse](w.life, w, &cpgatev1.OpenSessionRequest{TtlSeconds: ttl, RequestId: w.id()})
	if err != nil {
		return "", false
	}
	w.session = a.GetSessionId()
	ctx, cancel := context.WithCancel(w.life)
	w.beat = cancel
	beating := &worker{load: w.load, rand: rand.New(rand.NewPCG(w.rand.Uint64(), 0)), ways: w.ways}
	w.group.Go(func() { beating.keep(ctx, a.GetSessionId(), time.Duration(ttl)*time.Second/4) })
	return w.session, true
}

// keep keeps a session alive.
func (w *worker) keep(ctx context.Context, session string, interval time.Duration) {
	for sleep(ctx, interval) {
		_, err := ask[*cpgatev1.HeartbeatResponse](ctx, w, &cpgatev1.HeartbeatRequest{SessionId: session})
		if reason, _ := reasonOf(err); err != nil && reason == expired {
			return
		}
	}
}

// forget stops believing in the session.
func (w *worker) forget() {
	if w.session != "" {
		w.beat()
		w.session = ""
	}
}

// die leaves the session to itself, with all that it has: it expires.
func (w *worker) die() {
	session := w.session
	w.forget()
	if session != "" {
		w.mourn(session)
	}
}

// mourn looks on until a session has ended.
func (w *worker) mourn(session string) {
	other := &worker{load: w.load, rand: rand.New(rand.NewPCG(w.rand.Uint64(), 0)), ways: w.ways}
	w.group.Go(func() {
		for {
			_, err := ask[*cpgatev1.GetSessionResponse](w.life, other, &cpgatev1.GetSessionRequest{SessionId: session})
			if err != nil || !sleep(w.life, 300*time.Millisecond) {
				return
			}
		}
	})
}

// leave closes the session.
func (w *worker) leave() {
	session := w.session
	w.forget()
	if session != "" {
		_, _ = ask[*cpgatev1.CloseSessionResponse](w.life, w, &cpgatev1.CloseSessionRequest{SessionId: session})
	}
}

// sleep waits for d and reports false when ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// load is what is shared by all who work on one cluster at a time.
type load struct {
	*recorder
	ctx   context.Context // ends when the work is to end
	life  context.Context // ends when whatever has to be put in order is to be
	group sync.WaitGroup
}
