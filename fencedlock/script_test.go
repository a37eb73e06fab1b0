package fencedlock_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
	"github.com/cpgate/cpgate/session"
)

// A script is a story about one lock, one call a line and behind the arrow what it is answered:
//
//	a lock r1            -> held 1 f1        session a asks under the request id r1; f1 is the first fence seen
//	b.x@2 lock r2 0s     -> refused, a f1    owner x of session b, a try, through gateway 2
//	b lock r3 &                              waits in line from here on
//	b lock r3 & attempt=1                    is asked again
//	a unlock u1 f1       -> 0
//	b await r3           -> held 1 f2        the last of its attempts; r3#0 is the first
//	b cancel r3          -> true
//	- force f2           -> b f2
//	- line               -> b f2 x1 | a f3   the holder, how often, and the waiters
//	- keys               ->                  what is left but sessions and gateways
//	- put lock/orders/$a {} lease=b          what etcdctl may do; $a is the session's id
//	- del session/$a
//	-@2 late                                 gateway 2 sees no more until its next call has asked etcd
//	-@2 lose lost unsent                     what befalls its next transactions
//	-@2 settle                               those that come late come now
//	b close              -> true
type script struct {
	t        *testing.T
	w        *world
	gateways []*gateway
	sessions map[string]session.ID
	fences   []fencedlock.Fence
	waits    map[string]*pending
	attempts map[string]int
}

const scriptLock = "orders"

func play(t *testing.T, gateways int, limit string, text string) {
	w := newWorld(t)
	s := &script{
		t: t, w: w, sessions: map[string]session.ID{},
		waits: map[string]*pending{}, attempts: map[string]int{},
	}
	for range gateways {
		s.gateways = append(s.gateways, w.gateway(strings.Fields(limit)...))
	}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			s.line(line)
		}
	}
	s.end()
}

// end closes all sessions: nothing of them may be left (X1).
func (s *script) end() {
	for _, id := range s.sessions {
		if _, err := s.gateways[0].sessions.Close(s.t.Context(), id); err != nil {
			s.t.Error(err)
		}
	}
	for request, p := range s.waits {
		if _, err := p.await(); err != nil && !errors.Is(err, session.ErrExpired) {
			continue // it ended before
		}
		_ = request
	}
	if left := s.w.left("gateway/"); len(left) > 0 {
		s.t.Errorf("left behind: %v", left)
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
	case "line":
		return s.showLine(g)
	case "put":
		return s.put(args)
	case "del":
		s.w.remove(s.spell(args[0]))
		return ""
	case "keys":
		return s.showKeys()
	case "force":
		return s.force(g, args)
	case "late":
		g.late.letGo()
		g.current()
		g.late.holdBack()
		return ""
	case "settle":
		g.lossy.onWay.Wait()
		g.lossy.moveOn()
		return ""
	case "lose":
		g.lossy.next(fates(args)...)
		return ""
	case "await":
		a, err := s.waits[args[0]].await()
		return s.lockAnswer(a, err)
	}
	return s.call(g, s.caller(caller), verb, args)
}

// call makes one of the calls of a caller.
func (s *script) call(g *gateway, c fencedlock.Caller, verb string, args []string) string {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	switch verb {
	case "close":
		return s.showBool(lately(g, func() (bool, error) { return g.sessions.Close(ctx, c.Session) }))
	case "cancel":
		r := fencedlock.CancelRequest{Name: scriptLock, Caller: c, RequestID: args[0]}
		return s.showBool(lately(g, func() (bool, error) { return g.Cancel(ctx, r) }))
	case "unlock":
		r := fencedlock.UnlockRequest{Name: scriptLock, Caller: c, RequestID: args[0], Fence: s.fence(args[1:])}
		return s.unlockAnswer(lately(g, func() (fencedlock.UnlockAnswer, error) { return g.Unlock(ctx, r) }))
	case "lock":
		return s.lock(ctx, g, c, args)
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
	g.w.eventually("the call has asked etcd", func() bool { return g.lossy.asked.Load() > before })
	g.late.letGo()
	<-done
	return a, err
}

func (s *script) caller(name string) fencedlock.Caller {
	name, owner, _ := strings.Cut(name, ".")
	if s.sessions[name] == 0 {
		s.sessions[name] = s.gateways[0].session(name, 60)
		for _, g := range s.gateways {
			if !g.late.isHeld() {
				g.current()
			}
		}
	}
	return fencedlock.Caller{Session: s.sessions[name], Owner: owner}
}

func (s *script) lock(ctx context.Context, g *gateway, c fencedlock.Caller, args []string) string {
	r := fencedlock.LockRequest{Name: scriptLock, Caller: c, RequestID: args[0]}
	wait := false
	for _, a := range args[1:] {
		if n, ok := strings.CutPrefix(a, "attempt="); ok {
			attempt, _ := strconv.Atoi(n)
			r.Attempt = int32(attempt)
		} else if a == "&" {
			wait = true
		} else if a == "&&" { // not even in line
			s.waits[r.RequestID] = g.begin(r)
			return ""
		} else if d, err := time.ParseDuration(a); err == nil {
			r.Timeout = &d
		}
	}
	if !wait {
		return s.lockAnswer(lately(g, func() (fencedlock.LockAnswer, error) { return g.Lock(ctx, r) }))
	}
	s.wait(g, r)
	return ""
}

// wait begins to wait, and returns when the request is in line by this very attempt.
func (s *script) wait(g *gateway, r fencedlock.LockRequest) {
	before := s.w.seats(scriptLock)
	p, _ := lately(g, func() (*pending, error) { return g.begin(r), nil })
	s.waits[r.RequestID] = p
	s.waits[fmt.Sprintf("%s#%d", r.RequestID, s.attempts[r.RequestID])] = p
	s.attempts[r.RequestID]++
	s.w.eventually(r.RequestID+" stands in line", func() bool {
		return p.over() || slices.ContainsFunc(s.w.seats(scriptLock), func(now seat) bool {
			return now.has(r.RequestID) && !slices.ContainsFunc(before, func(old seat) bool { return old.mod == now.mod })
		})
	})
}

func (s *script) force(g *gateway, args []string) string {
	f := s.fence(args)
	was, err := lately(g, func() (*fencedlock.Ticket, error) { return g.ForceUnlock(s.t.Context(), scriptLock, f) })
	if err != nil {
		return s.failure(err)
	}
	return s.holder(was)
}

// fence reads f1 or +5: the first fence seen, or a number ahead of all of them.
func (s *script) fence(args []string) fencedlock.Fence {
	if len(args) == 0 {
		return 0
	}
	n, err := strconv.Atoi(args[0][1:])
	if err != nil {
		s.t.Fatalf("no fence %q", args[0])
	}
	if args[0][0] == '+' {
		return s.fences[len(s.fences)-1] + fencedlock.Fence(n)
	}
	return s.fences[n-1]
}

// showFence numbers the fences in the order in which they are seen; they rise in it (L2).
func (s *script) showFence(f fencedlock.Fence) string {
	n := slices.Index(s.fences, f)
	if n < 0 {
		if len(s.fences) > 0 && f <= s.fences[len(s.fences)-1] || f <= 0 {
			s.t.Fatalf("fence %d comes after %v", f, s.fences)
		}
		s.fences = append(s.fences, f)
		n = len(s.fences) - 1
	}
	return fmt.Sprintf("f%d", n+1)
}

func (s *script) lockAnswer(a fencedlock.LockAnswer, err error) string {
	switch {
	case err != nil:
		return s.failure(err)
	case a.Outcome == fencedlock.Acquired:
		return fmt.Sprintf("held %d %s", a.HoldCount, s.showFence(a.Fence))
	case a.Outcome == fencedlock.LimitReached:
		return fmt.Sprintf("limit %d %s", a.HoldCount, s.showFence(a.Fence))
	case a.Fence != 0:
		return fmt.Sprintf("refused with fence %d", a.Fence)
	case a.Position > 0:
		return fmt.Sprintf("refused, %s at %d", s.holder(a.Holder), a.Position)
	}
	return "refused, " + s.holder(a.Holder)
}

func (s *script) unlockAnswer(a fencedlock.UnlockAnswer, err error) string {
	switch {
	case err != nil:
		return s.failure(err)
	case a.AlreadyReleased:
		return "already released"
	}
	return strconv.Itoa(a.HoldCount)
}

func (s *script) failure(err error) string {
	for _, known := range []struct {
		err  error
		says string
	}{
		{session.ErrExpired, "expired"},
		{fencedlock.ErrNotHolder, "not holder"},
		{fencedlock.ErrOwnershipLost, "ownership lost"},
		{fencedlock.ErrWaitCancelled, "wait cancelled"},
		{store.ErrUnavailable, "unavailable"},
	} {
		if errors.Is(err, known.err) {
			return known.says
		}
	}
	if damaged := new(keys.DamagedError); errors.As(err, &damaged) {
		return "damaged " + s.unspell(strings.TrimPrefix(damaged.Key, s.w.prefix))
	}
	return err.Error()
}

func (s *script) showBool(b bool, err error) string {
	if err != nil {
		return s.failure(err)
	}
	return strconv.FormatBool(b)
}

func (s *script) holder(t *fencedlock.Ticket) string {
	if t == nil {
		return "nobody"
	}
	return s.name(*t) + " " + s.showFence(t.Fence)
}

func (s *script) name(t fencedlock.Ticket) string {
	if t.Foreign {
		return "foreign"
	}
	for name, id := range s.sessions {
		if id == t.Caller.Session {
			return strings.TrimSuffix(name+"."+t.Caller.Owner, ".")
		}
	}
	return "unknown"
}

func (s *script) showLine(g *gateway) string {
	st, err := lately(g, func() (fencedlock.State, error) { return g.Get(s.t.Context(), scriptLock) })
	if err != nil {
		return s.failure(err)
	}
	if st.Holder == nil {
		return fmt.Sprintf("free %d", st.Fence)
	}
	all := fmt.Sprintf("%s x%d", s.holder(st.Holder), st.HoldCount)
	for i, t := range st.Waiters {
		if t.Position != i+1 || st.WaiterCount != len(st.Waiters) {
			s.t.Errorf("waiter %d of %d is at %d", i+1, st.WaiterCount, t.Position)
		}
		all += " | " + s.holder(&t)
	}
	return all
}

// showKeys spells sessions by the names they have here.
func (s *script) showKeys() string {
	all := s.w.left("gateway/", "session/")
	for n, f := range s.fences {
		for i, key := range all {
			all[i] = strings.Replace(key, fmt.Sprintf("forced/%s/%d", scriptLock, f), fmt.Sprintf("forced/%s/f%d", scriptLock, n+1), 1)
		}
	}
	return s.unspell(strings.Join(all, " "))
}

func (s *script) unspell(text string) string {
	for name, id := range s.sessions {
		text = strings.ReplaceAll(text, id.String(), "$"+name)
	}
	return text
}

func (s *script) spell(text string) string {
	for name, id := range s.sessions {
		text = strings.ReplaceAll(text, "$"+name, id.String())
	}
	return text
}

func (s *script) put(args []string) string {
	var opts []clientv3.OpOption
	value := s.spell(args[1])
	if len(args) > 2 {
		lease := s.caller(strings.TrimPrefix(args[2], "lease=")).Session
		opts = append(opts, clientv3.WithLease(clientv3.LeaseID(lease)))
	}
	s.w.put(s.spell(args[0]), strings.TrimSuffix(value, "''"), opts...)
	return ""
}
