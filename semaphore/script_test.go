package semaphore_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/semaphore"
	"github.com/cpgate/cpgate/session"
)

// A script is a story about one semaphore, one call a line and behind the arrow what it is answered:
//
//   - init i1 3               -> true          the request i1 gives it 3 permits; with "sessionless" behind, of that kind
//     a acquire r1 2            -> acquired      session a asks for 2 under the request id r1
//     b.x@2 acquire r2 2 0s     -> refused, 1    owner x of session b, a try, through gateway 2; 1 is available
//   - acquire r3 1            -> acquired      without a session
//     b acquire r4 1 &                           waits in line from here on
//     b acquire r4 1 & attempt=1                 is asked again
//     b await r4                -> acquired      the last of its attempts; r4#0 is the first
//     b leave r4                                 its caller is gone
//   - gone r4                                  its ticket goes
//     b cancel r4               -> true
//     a release u1 1            -> 1
//     a release ticket=r1       -> 1             all that is left of it
//     a drain d1                -> 3
//   - reduce c1 2             -> ok            or increase
//   - get                     -> 1/3 a:2 | b.x:4    1 of 3 is available, a holds 2, b.x waits for 4
//   - list                    -> pool 1/3 1|1  as get, with the numbers of those who hold and who wait
//   - destroy                 -> true
//   - keys                    ->               what is left but sessions and gateways
//   - put semaphore/pool {}                    what etcdctl may do; $a is the session's id
//   - del session/$a
//     -@2 late                                   gateway 2 sees no more until its next call has asked etcd
//     -@2 lose lost unsent                       what befalls its next transactions
//     -@2 settle                                 those that come late come now
//     b close                   -> true
type script struct {
	t        *testing.T
	w        *world
	gateways []*gateway
	sessions map[string]session.ID
	waits    map[string]*pending
	attempts map[string]int
}

// tell plays each story under the sentence that it is told for.
func tell(t *testing.T, stories map[string]string) {
	t.Parallel()
	for says, text := range stories {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, text)
		})
	}
}

func play(t *testing.T, text string) {
	w := newWorld(t)
	s := &script{
		t: t, w: w, gateways: w.gateways(2), sessions: map[string]session.ID{},
		waits: map[string]*pending{}, attempts: map[string]int{},
	}
	s.begin(text)
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			s.line(line)
		}
	}
	s.end()
}

// begin opens all sessions but those whose names say that they are new: a gateway that is late must know who asks, or it
// catches up to see.
func (s *script) begin(text string) {
	for line := range strings.Lines(text) {
		if who, _, _ := strings.Cut(strings.TrimSpace(line), " "); who != "" && !strings.HasPrefix(who, "new") {
			caller, _, _ := strings.Cut(who, "@")
			s.caller(caller)
		}
	}
}

// end closes all sessions, and has all who wait leave: nothing of them may be left (X1, X2).
func (s *script) end() {
	for _, id := range s.sessions {
		if _, err := s.gateways[0].sessions.Close(s.t.Context(), id); err != nil {
			s.t.Error(err)
		}
	}
	for _, p := range s.waits {
		p.leave()
		_, _ = p.await()
	}
	s.w.eventually("nothing is left", func() bool { return len(s.w.left("gateway/", "memo/-/", "semaphore/pool")) == 0 })
	s.w.eventually("nobody is in line", func() bool { return len(s.w.seats(pool)) == 0 })
	for _, k := range s.w.keys(s.w.prefix + "memo/-/") {
		if k.Lease == 0 {
			s.t.Errorf("%s stays for ever", k.Key)
		}
	}
}

func (s *script) line(line string) {
	s.t.Helper()
	asked, want, _ := strings.Cut(line, "->")
	words := strings.Fields(asked)
	got := s.do(words[0], words[1], words[2:])
	if got != strings.Join(strings.Fields(want), " ") {
		s.t.Fatalf("%s\nbut got: %s\n%s", line, got, strings.Join(s.w.dump(), "\n"))
	}
}

func (s *script) do(who, verb string, args []string) string {
	caller, gw, _ := strings.Cut(who, "@")
	n, _ := strconv.Atoi(gw)
	g := s.gateways[max(n, 1)-1]
	switch verb {
	case "put":
		return s.put(args)
	case "del":
		s.w.remove(s.spell(args[0]))
		s.current()
	case "keys":
		all := strings.Fields(s.unspell(strings.Join(s.w.left("gateway/", "session/"), " ")))
		slices.Sort(all)
		return strings.Join(all, " ")
	case "late":
		g.late.letGo()
		g.current()
		g.late.holdBack()
	case "settle":
		g.lossy.onWay.Wait()
		g.lossy.moveOn()
	case "lose":
		g.lossy.next(fates(args)...)
	case "await":
		a, err := s.waits[args[0]].await()
		return s.acquireAnswer(a, err)
	case "leave":
		s.waits[args[0]].leave()
		s.waits[args[0]].fails(context.Canceled)
	case "gone":
		s.w.gone(args[0])
	default:
		ctx, cancel := context.WithTimeout(s.t.Context(), patience)
		defer cancel()
		return s.call(ctx, g, s.caller(caller), verb, args)
	}
	return ""
}

// call makes one of the calls.
func (s *script) call(ctx context.Context, g *gateway, c semaphore.Caller, verb string, args []string) string {
	switch verb {
	case "acquire":
		return s.acquire(ctx, g, c, args)
	case "release":
		r := semaphore.ReleaseRequest{Name: pool, Caller: c, Attempt: attempt(args)}
		if ticket, ok := strings.CutPrefix(args[0], "ticket="); ok {
			r.Ticket = ticket
		} else {
			r.RequestID, r.Permits = args[0], semaphore.Permits(s.number(args[1]))
		}
		a, err := lately(g, func() (semaphore.ReleaseAnswer, error) { return g.Release(ctx, r) })
		return s.releaseAnswer(a, err)
	case "drain":
		r := semaphore.DrainRequest{Name: pool, Caller: c, RequestID: args[0], Attempt: attempt(args)}
		a, err := lately(g, func() (semaphore.Permits, error) { return g.Drain(ctx, r) })
		return s.show(err, "%d", a)
	case "cancel":
		r := semaphore.CancelRequest{Name: pool, Caller: c, RequestID: args[0]}
		a, err := lately(g, func() (bool, error) { return g.Cancel(ctx, r) })
		return s.show(err, "%v", a)
	case "close":
		a, err := lately(g, func() (bool, error) { return g.sessions.Close(ctx, c.Session) })
		return s.show(err, "%v", a)
	}
	return s.operate(ctx, g, verb, args)
}

// operate makes one of the calls that concern the semaphore alone.
func (s *script) operate(ctx context.Context, g *gateway, verb string, args []string) string {
	switch verb {
	case "init":
		r := semaphore.InitRequest{Name: pool, RequestID: args[0], Permits: semaphore.Permits(s.number(args[1]))}
		r.Sessionless = slices.Contains(args, "sessionless")
		a, err := lately(g, func() (bool, error) { return g.Init(ctx, r) })
		return s.show(err, "%v", a)
	case "increase", "reduce":
		r := semaphore.ChangeRequest{Name: pool, RequestID: args[0], By: s.number(args[1]), Attempt: attempt(args)}
		if verb == "reduce" {
			r.By = -r.By
		}
		_, err := lately(g, func() (bool, error) { return true, g.Change(ctx, r) })
		return s.show(err, "ok")
	case "destroy":
		a, err := lately(g, func() (bool, error) { return g.Destroy(ctx, pool) })
		return s.show(err, "%v", a)
	case "get":
		a, err := lately(g, func() (semaphore.State, error) { return g.Get(ctx, pool) })
		return s.show(err, "%s", s.state(a))
	case "list":
		return s.list(ctx, g)
	}
	s.t.Fatalf("no verb %q", verb)
	return ""
}

// lately makes a call. Through a gateway that is late, the gateway catches up only when the call has asked etcd: it
// has decided by what it saw.
func lately[A any](g *gateway, call func() (A, error)) (a A, err error) {
	if !g.late.isHeld() {
		return call()
	}
	before, done := g.lossy.asked.Load(), make(chan struct{})
	go func() {
		defer close(done)
		a, err = call()
	}()
	g.w.eventually("the call has asked etcd, or needs not", func() bool {
		select {
		case <-done:
			return true
		default:
			return g.lossy.asked.Load() > before
		}
	})
	g.late.letGo()
	<-done
	return a, err
}

func (s *script) caller(name string) semaphore.Caller {
	name, owner, _ := strings.Cut(name, ".")
	if name == "-" {
		return semaphore.Caller{Owner: owner}
	}
	if s.sessions[name] == 0 {
		s.sessions[name] = s.gateways[0].session(name, 60)
		s.current()
	}
	return semaphore.Caller{Session: s.sessions[name], Owner: owner}
}

// current returns when all gateways that are not late have seen what happened.
func (s *script) current() {
	for _, g := range s.gateways {
		if !g.late.isHeld() {
			g.current()
		}
	}
}

func (s *script) acquire(ctx context.Context, g *gateway, c semaphore.Caller, args []string) string {
	r := acquireOf(c, args[0], semaphore.Permits(s.number(args[1])))
	r.Attempt = attempt(args)
	for _, a := range args[2:] {
		if d, err := time.ParseDuration(a); err == nil {
			r.Timeout = &d
		}
	}
	if slices.Contains(args, "&") {
		was := s.w.seat(pool, r.RequestID)
		p, _ := lately(g, func() (*pending, error) { return g.begin(r), nil })
		s.waits[r.RequestID] = p
		s.waits[fmt.Sprintf("%s#%d", r.RequestID, s.attempts[r.RequestID])] = p
		s.attempts[r.RequestID]++
		s.w.eventually(r.RequestID+" stands in line", func() bool {
			return p.over() || s.w.seat(pool, r.RequestID).mod > was.mod
		})
		return ""
	}
	a, err := lately(g, func() (semaphore.AcquireAnswer, error) { return g.Acquire(ctx, r) })
	return s.acquireAnswer(a, err)
}

// attempt reads attempt=1.
func attempt(args []string) int32 {
	for _, a := range args {
		if n, ok := strings.CutPrefix(a, "attempt="); ok {
			attempt, _ := strconv.Atoi(n)
			return int32(attempt)
		}
	}
	return 0
}

func (s *script) put(args []string) string {
	var opts []clientv3.OpOption
	if len(args) > 2 {
		lease := s.caller(strings.TrimPrefix(args[2], "lease=")).Session
		opts = append(opts, clientv3.WithLease(clientv3.LeaseID(lease)))
	}
	s.w.put(s.spell(args[0]), strings.TrimSuffix(s.spell(args[1]), "''"), opts...)
	s.current()
	return ""
}
