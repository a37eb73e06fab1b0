package countdownlatch_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/countdownlatch"
	"github.com/cpgate/cpgate/internal/keys"
	"github.com/cpgate/cpgate/internal/store"
)

// A script is a story about the latch "gate", one call a line and behind the arrow what it is answered:
//
//	set s1 3                -> true r1         under the request id s1; r1 is the first round seen
//	set@2 s2 3              -> false r1        through gateway 2
//	set s2 3 attempt=1      -> false r1        asked again
//	down c1                 -> 2 r1            what remains
//	down c1 round=r1+1      -> future round
//	await 0s                -> 2 left r1
//	await w1 &                                 waits from here on, w1 is what to call it
//	waits w1                -> true
//	ended w1                -> completed r1
//	get                     -> 2 of 3 r1
//	list                    -> gate 2 of 3 r1
//	destroy                 -> true
//	keys                    -> gate gate/r1/c1
//	memos                   -> gate/s1
//	put gate {}                                what etcdctl may do
//	del gate/r1/c1
//	late@2                                     gateway 2 sees no more until its next call has asked etcd
//	lose@2 lost unsent                         what befalls its next transactions
//	settle@2                                   those that come late come now
type script struct {
	t        *testing.T
	w        *world
	gateways []*gateway
	rounds   []countdownlatch.Round
	waits    map[string]*waiting
}

const scriptLatch = "gate"

func play(t *testing.T, text string) {
	w := newWorld(t)
	s := &script{t: t, w: w, gateways: w.gateways(2), waits: map[string]*waiting{}}
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			s.line(line)
		}
	}
}

// playAll plays each story under the sentence that it is the proof of.
func playAll(t *testing.T, stories map[string]string) {
	for says, text := range stories {
		t.Run(says, func(t *testing.T) {
			t.Parallel()
			play(t, text)
		})
	}
}

func (s *script) line(line string) {
	s.t.Helper()
	asked, want, _ := strings.Cut(line, "->")
	words := strings.Fields(asked)
	verb, gw, _ := strings.Cut(words[0], "@")
	n, _ := strconv.Atoi(gw)
	got := s.do(s.gateways[max(n, 1)-1], verb, words[1:])
	if got != strings.Join(strings.Fields(want), " ") {
		s.t.Fatalf("%s\nbut got: %s\n%s", line, got, strings.Join(s.w.dump(), "\n"))
	}
}

func (s *script) do(g *gateway, verb string, args []string) string {
	switch verb {
	case "put":
		s.w.put("latch/"+s.spell(args[0]), strings.Join(args[1:], " "))
	case "del":
		s.w.remove("latch/" + s.spell(args[0]))
	case "late":
		g.late.letGo()
		g.current()
		g.late.holdBack()
	case "lose":
		g.lossy.next(fates(args)...)
	case "settle":
		g.lossy.onWay.Wait()
		g.lossy.moveOn()
	case "waits":
		return strconv.FormatBool(!s.waits[args[0]].over())
	case "ended":
		return s.awaited(s.waits[args[0]].end())
	case "keys":
		return s.keys()
	case "memos":
		return strings.Join(slices.Sorted(maps.Keys(s.w.memos())), " ")
	default:
		return s.call(g, verb, args)
	}
	return ""
}

func (s *script) call(g *gateway, verb string, args []string) string {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	switch verb {
	case "set":
		count, _ := strconv.Atoi(args[1])
		r := countdownlatch.SetRequest{Name: scriptLatch, RequestID: args[0], Count: int32(count)}
		if len(args) > 2 {
			_, _ = fmt.Sscanf(args[2], "attempt=%d", &r.Attempt)
		}
		a, err := lately(g, func() (countdownlatch.SetAnswer, error) { return g.TrySetCount(ctx, r) })
		return s.show(err, "%v %s", a.Set, s.showRound(a.Round))
	case "down":
		r := countdownlatch.CountDownRequest{Name: scriptLatch, RequestID: args[0], Round: s.round(args[1:])}
		a, err := lately(g, func() (countdownlatch.CountDownAnswer, error) { return g.CountDown(ctx, r) })
		return s.show(err, "%d %s", a.Remaining, s.showRound(a.Round))
	case "destroy":
		a, err := lately(g, func() (bool, error) { return g.Destroy(ctx, scriptLatch) })
		return s.show(err, "%v", a)
	case "get":
		a, err := lately(g, func() (countdownlatch.State, error) { return g.Get(ctx, scriptLatch) })
		return s.show(err, "%s", s.state(a))
	case "list":
		return s.list(ctx, g)
	case "await":
		return s.await(ctx, g, args)
	}
	s.t.Fatalf("no verb %q", verb)
	return ""
}

// lately makes a call. Through a gateway that is late, the gateway catches up only when the call has asked etcd: it has
// decided by what it saw.
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

// await waits in the foreground, or in the background under a name.
func (s *script) await(ctx context.Context, g *gateway, args []string) string {
	var timeout *time.Duration
	for _, a := range args {
		if d, err := time.ParseDuration(a); err == nil {
			timeout = &d
		}
	}
	if slices.Contains(args, "&") {
		s.waits[args[0]], _ = lately(g, func() (*waiting, error) { return g.begin(scriptLatch, timeout), nil })
		return ""
	}
	r := countdownlatch.AwaitRequest{Name: scriptLatch, Timeout: timeout}
	return s.awaited(lately(g, func() (countdownlatch.AwaitAnswer, error) { return g.Await(ctx, r) }))
}

func (s *script) awaited(a countdownlatch.AwaitAnswer, err error) string {
	if a.Completed && a.Remaining == 0 {
		return s.show(err, "completed %s", s.showRound(a.Round))
	}
	return s.show(err, "%d left %s", a.Remaining, s.showRound(a.Round))
}

func (s *script) list(ctx context.Context, g *gateway) string {
	var all []string
	page, err := lately(g, func() ([]countdownlatch.State, error) {
		page, _, err := g.List(ctx, "", 10)
		return page, err
	})
	for _, a := range page {
		all = append(all, a.Name+" "+s.state(a))
	}
	return s.show(err, "%s", strings.Join(all, ", "))
}

func (s *script) state(a countdownlatch.State) string {
	return fmt.Sprintf("%d of %d %s", a.Remaining, a.Count, s.showRound(a.Round))
}

// round reads round=r1, the first round seen, or round=r1+5.
func (s *script) round(args []string) countdownlatch.Round {
	if len(args) == 0 {
		return 0
	}
	var n, more int
	if _, err := fmt.Sscanf(args[0], "round=r%d", &n); err != nil {
		s.t.Fatalf("no round %q", args[0])
	}
	if _, plus, ok := strings.Cut(args[0], "+"); ok {
		more, _ = strconv.Atoi(plus)
	}
	return s.rounds[n-1] + countdownlatch.Round(more)
}

// showRound numbers the rounds in the order in which they are seen; they rise in it.
func (s *script) showRound(r countdownlatch.Round) string {
	if r == 0 {
		return "r0"
	}
	n := slices.Index(s.rounds, r)
	if n < 0 {
		if len(s.rounds) > 0 && r <= s.rounds[len(s.rounds)-1] {
			s.t.Fatalf("round %d comes after %v", r, s.rounds)
		}
		s.rounds = append(s.rounds, r)
		n = len(s.rounds) - 1
	}
	return fmt.Sprintf("r%d", n+1)
}

func (s *script) show(err error, format string, args ...any) string {
	if err == nil {
		return fmt.Sprintf(format, args...)
	}
	for _, known := range []struct {
		err  error
		says string
	}{
		{countdownlatch.ErrDestroyed, "destroyed"},
		{countdownlatch.ErrFutureRound, "future round"},
		{countdownlatch.ErrTooManyArrivals, "too many arrivals"},
		{countdownlatch.ErrCountOutOfRange, "count out of range"},
		{store.ErrUnavailable, "unavailable"},
	} {
		if errors.Is(err, known.err) {
			return known.says
		}
	}
	if damaged := new(keys.DamagedError); errors.As(err, &damaged) {
		return "damaged " + strings.TrimPrefix(damaged.Key, s.w.prefix)
	}
	return err.Error()
}

// keys spells rounds by the numbers they have here.
func (s *script) keys() string {
	all := strings.ReplaceAll(strings.Join(s.w.left(), " "), "latch/", "")
	for n, r := range s.rounds {
		all = strings.ReplaceAll(all, fmt.Sprintf("/%d/", r), fmt.Sprintf("/r%d/", n+1))
	}
	named := strings.Fields(all)
	slices.Sort(named) // a round's number may have one digit more than the last one's
	return strings.Join(named, " ")
}

func (s *script) spell(text string) string {
	for n, r := range s.rounds {
		text = strings.ReplaceAll(text, fmt.Sprintf("/r%d/", n+1), fmt.Sprintf("/%d/", r))
	}
	return text
}
