package tests_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// cpgate runs a command for operators and returns what it said, on stdout if it succeeded and on stderr if not.
func (p *program) cpgate(args ...string) (said string, ok bool) {
	p.Helper()
	c := exec.CommandContext(p.Context(), buildServer().orFail(p.T), args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Run(); err != nil {
		return strings.TrimSpace(errs.String()), false
	}
	return out.String(), true
}

// orders runs a command about the node that must succeed.
func (p *program) orders(args ...string) string {
	p.Helper()
	said, ok := p.cpgate(append(args, "--endpoints", p.addr)...)
	if !ok {
		p.Fatalf("cpgate %s: %s", strings.Join(args, " "), said)
	}
	return said
}

// denies runs a command about the node that must fail, with one line.
func (p *program) denies(want string, args ...string) {
	p.Helper()
	if said, ok := p.cpgate(append(args, "--endpoints", p.addr)...); ok || said != "cpgate: "+want {
		p.Errorf("cpgate %s said\n     %s\nwant cpgate: %s", strings.Join(args, " "), said, want)
	}
}

// statusOf is what `cpgate status -o json` tells.
type statusOf struct {
	Members []struct {
		Name, ID, Role, Problem string
		Revision                int64
	}
	Kept struct{ Sessions, Locks, Semaphores, Latches int }
}

func (p *program) status() (s statusOf) {
	p.Helper()
	if err := json.Unmarshal([]byte(p.orders("status", "-o", "json")), &s); err != nil {
		p.Fatal(err)
	}
	return s
}

// roles are the members' roles by their names, with the problem of those who have one.
func (s statusOf) roles() map[string]string {
	all := map[string]string{}
	for _, m := range s.Members {
		all[m.Name] = strings.TrimSpace(m.Role + " " + m.Problem)
	}
	return all
}

func TestOperator_SeesMembersAndWhatTheyKeep(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3)
	r := serving(t, f.all[0].addr)
	for range 120 { // more than a page
		r.hold(&cpgatev1.LockRequest{Name: "lock-" + r.session(0), SessionId: r.session(0)})
	}
	r.initialize(&cpgatev1.InitSemaphoreRequest{Name: "s", Permits: 1})
	s := f.all[1].status()
	if k := s.Kept; k.Sessions != 240 || k.Locks != 120 || k.Semaphores != 1 || k.Latches != 0 {
		t.Errorf("kept is %+v", k)
	}
	lead := f.leader()
	for i, p := range f.all {
		want := "follower"
		if i == lead {
			want = "leader"
		}
		if got := s.roles()["m"+string(rune('0'+i))]; got != want {
			t.Errorf("%v is %q, want %q", p.args[1], got, want)
		}
	}
	f.all[2].kill()
	r.await("a new leader", func() bool {
		said := f.all[0].orders("status")
		return strings.Contains(said, "leader") && strings.Contains(said, "does not answer") && strings.Contains(said, "240")
	})
}

func TestOperator_ChangesMembers(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3)
	p, address := f.all[0], unused(t)
	p.denies(`no member has the name or id "m9"`, "member", "remove", "m9")
	p.denies(`member "m1" is there already, as `+f.id("m1"), "member", "add", "m1="+address)
	p.denies(`"m4" must be name=host:port`, "member", "add", "m4")
	p.denies(`member "m1" votes already`, "member", "promote", "m1")
	if said := p.orders("member", "add", "--learner", "m4="+address); !strings.HasPrefix(said, "added m4 as ") {
		t.Errorf("adding said %q", said)
	}
	list := p.orders("member", "list")
	if strings.Count(list, " yes ") != 3 || strings.Count(list, " no ") != 1 || !strings.Contains(list, address) {
		t.Errorf("the members are\n%s", list)
	}
	_, nameless, _ := strings.Cut(list, "\n-")
	id := strings.Fields(nameless)[0]
	if said := p.orders("member", "remove", id); said != "removed "+id+"\n" {
		t.Errorf("removing said %q", said)
	}
	if list := p.orders("member", "list"); strings.Contains(list, address) {
		t.Errorf("behind it the members are\n%s", list)
	}
}

// A member may come without a vote first, and get it once it knows what the others know.
func TestOperator_PromotesALearner(t *testing.T) {
	t.Parallel()
	f := runFleet(t, 3)
	p, address := f.all[0], unused(t)
	f.all[2].kill()
	p.orders("member", "remove", "m2")
	p.orders("member", "add", "--learner", "m3="+address)
	learner := f.successor("m3", address)
	learner.start()
	if role := p.status().roles()["m3"]; role != "learner" {
		t.Errorf("it is %q", role)
	}
	var said string
	serving(t, p.addr).await("its vote", func() (ok bool) {
		said, ok = p.cpgate("member", "promote", "m3", "--endpoints", p.addr)
		return ok || !strings.Contains(said, "in sync with leader")
	})
	if said != "promoted "+f.id("m3")+"\n" || p.status().roles()["m3"] != "follower" {
		t.Errorf("promoting it said %q, and it is %q", said, p.status().roles()["m3"])
	}
	f.all[1].kill() // now its vote is needed
	f.goesOn("a", learner, p)
}

// id is a member's id as the first one tells it.
func (f *fleet) id(name string) string {
	f.Helper()
	for _, m := range f.all[0].status().Members {
		if m.Name == name {
			return m.ID
		}
	}
	f.Fatalf("no member %s", name)
	return ""
}

func TestOperator_IsToldWhyNobodyAnswers(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.addr = unused(t)
	p.denies(`endpoints "`+p.addr+`": no answer within 5s`, "status")
	p.addr = "nowhere"
	p.denies(`endpoints "nowhere": must be host:port`, "member", "list")
	p.denies(`output "xml": must be table or json`, "status", "-o", "xml")
}
