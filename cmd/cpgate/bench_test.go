package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// keys are what the node keeps, but for its own marker and the answers to requests without a session, which it keeps for
// ten minutes.
func (n *node) keys() (keys []string) {
	n.Helper()
	return n.keysAs("", "")
}

// keysAs are the same, where there is access control.
func (n *node) keysAs(user, password string) (keys []string) {
	n.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{n.addr}, Username: user, Password: password, Logger: zap.NewNop()})
	if err != nil {
		n.Fatal(err)
	}
	defer c.Close()
	all, err := c.Get(n.Context(), "", clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		n.Fatal(err)
	}
	for _, kv := range all.Kvs {
		if key := string(kv.Key); !strings.HasPrefix(key, "cp/gateway/") && !strings.HasPrefix(key, "cp/memo/-/") {
			keys = append(keys, key)
		}
	}
	return keys
}

// benched is what `cpgate bench -o json` tells.
type benched struct {
	Primitive        string
	Callers, Clients int
	Hot              bool
	Cycles           int64
	Changes          *int64 `json:"changes_of_holder"`
	Steps            []struct {
		Step  string
		Count int64
		P50   float64 `json:"p50_seconds"`
		Max   float64 `json:"max_seconds"`
	}
}

func TestBench_MeasuresEachPrimitiveAndLeavesNothing(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	n := s.serve()
	for flags, steps := range map[string]string{
		"":                      "lock unlock",
		"--unary":               "lock unlock",
		"--hot":                 "lock unlock",
		"--primitive=semaphore": "acquire release",
		"--primitive=semaphore --hot --permits=3": "acquire release",
		"--primitive=latch":                       "set count_down",
		"--primitive=latch --waiters=3":           "set count_down await",
		"--primitive=latch --hot":                 "count_down",
		"--primitive=session --heartbeat=20ms":    "heartbeat",
	} {
		args := append(strings.Fields("bench -o json --callers=8 --warm-up=100ms --duration=300ms --clients=2 --endpoints="+n.addr), strings.Fields(flags)...)
		var b benched
		if err := json.Unmarshal([]byte(s.works(args...)), &b); err != nil {
			t.Fatal(err)
		}
		hot := strings.Contains(flags, "--hot")
		if b.Callers != 8 || b.Clients != 2 || b.Hot != hot || !strings.Contains(flags+"--primitive=lock", "--primitive="+b.Primitive) {
			t.Errorf("%s: measured %+v", flags, b)
		}
		var told []string
		for _, step := range b.Steps {
			told = append(told, step.Step)
			if step.Count < b.Cycles-8 || step.Count > b.Cycles+8 || b.Cycles == 0 || step.P50 <= 0 || step.P50 > step.Max {
				t.Errorf("%s: %d cycles, but %+v", flags, b.Cycles, step)
			}
		}
		if strings.Join(told, " ") != steps {
			t.Errorf("%s: the steps are %v", flags, told)
		}
		if turns := b.Primitive == "lock" && hot; turns != (b.Changes != nil) || turns && *b.Changes < b.Cycles-8 {
			t.Errorf("%s: %d cycles of %+v", flags, b.Cycles, b.Changes)
		}
		if left := n.keys(); len(left) > 0 {
			t.Errorf("%s: left %v", flags, left)
		}
	}
	n.stop(syscall.SIGTERM)
}

func TestBench_SaysItInATable(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	n := s.serve()
	said := s.works("bench", "--callers=4", "--warm-up=0s", "--duration=200ms", "--hot", "--endpoints="+n.addr)
	for _, want := range []string{
		"lock: callers 4, all on the same; clients 1\n", "STEP", "PER SECOND", "\n    lock ", "\n  unlock ", " cycles in 0.2 s: ",
		" per second went on to another caller\n",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("said nothing of %q:\n%s", want, said)
		}
	}
	n.stop(syscall.SIGTERM)
}

// A benchmark that is interrupted clears up all the same, whatever it is at.
func TestBench_LeavesNothingWhenItIsInterrupted(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	n := s.serve()
	for _, primitive := range []string{"lock", "semaphore", "latch", "session"} {
		c := s.command("bench", "--primitive", primitive, "--callers=8", "--duration=1h", "--endpoints", n.addr)
		var errs strings.Builder
		c.Stderr = &errs
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); len(n.keys()) == 0; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: it does nothing", primitive)
			}
		}
		if err := c.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := c.Wait(); err == nil || errs.String() != "cpgate: interrupted\n" {
			t.Errorf("%s: ended with %v and said %q", primitive, err, errs.String())
		}
		if left := n.keys(); len(left) > 0 {
			t.Errorf("%s: left %v", primitive, left)
		}
	}
	n.stop(syscall.SIGTERM)
}

func TestBench_RefusesWhatItCantMeasure(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	for flags, want := range map[string]string{
		"--primitive=mutex":                           `primitive "mutex": must be lock, semaphore, latch or session`,
		"--callers=0":                                 `callers 0: must be 1 to 100000`,
		"--callers=100001":                            `callers 100001: must be 1 to 100000`,
		"--clients=0":                                 `clients 0: must be 1 to callers (64)`,
		"--clients=3 --callers=2":                     `clients 3: must be 1 to callers (2)`,
		"--permits=2":                                 `permits: only with primitive semaphore, not with lock`,
		"--permits=0 --primitive=semaphore":           `permits 0: must be 1 to 2147483647`,
		"--waiters=2":                                 `waiters: only with primitive latch, not with lock`,
		"--waiters=-1 --primitive=latch":              `waiters -1: must be 0 to 10000`,
		"--waiters=2 --primitive=latch --hot":         `waiters 2: not with hot`,
		"--primitive=session --hot":                   `hot: not with primitive session`,
		"--ttl=5s":                                    `ttl: only with primitive session, not with lock`,
		"--heartbeat=2s":                              `heartbeat: only with primitive session, not with lock`,
		"--primitive=session --ttl=1500ms":            `ttl 1.5s: must be whole seconds, 2s to 168h0m0s`,
		"--primitive=session --ttl=1s":                `ttl 1s: must be whole seconds, 2s to 168h0m0s`,
		"--primitive=session --ttl=5s --heartbeat=5s": `heartbeat 5s: must be more than 0s and below ttl (5s)`,
		"--warm-up=-1s":                               `warm-up -1s: must be 0s or more`,
		"--duration=0s":                               `duration 0s: must be more than 0s`,
		"--duration=5":                                `invalid argument "5" for "--duration" flag: time: missing unit in duration "5"`,
		"-o yaml":                                     `output "yaml": must be table or json`,
		"--endpoints=here":                            `endpoints "here": must be host:port`,
	} {
		s.refuses(want, append([]string{"bench"}, strings.Fields(flags)...)...)
	}
}

func TestBench_TellsThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	newSandbox(t).refuses(`endpoints "127.0.0.1:1": no answer within 5s`, "bench", "--endpoints=127.0.0.1:1")
}

// As a user of a cluster with access control it takes the rights to its names, and to nothing else.
func TestBench_CallsAClusterWithAccessControl(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	n := s.serve("--log-level=error")
	n.restrict()
	s.write("password", "root's word\n")
	s.set("CPGATE_PASSWORD=secret")
	at := func(flags string) []string {
		return strings.Fields("bench --callers=4 --warm-up=0s --duration=200ms --endpoints=" + n.addr + " " + flags)
	}
	s.refuses("this cluster has access control: give --user", at("")...)
	r := s.run(at("--user=alice")...)
	if r.code != 1 || !strings.Contains(r.err, "permission") {
		t.Errorf("ended with %d and said %s", r.code, r.err)
	}
	s.works(at("--user=root --password-file=password")...)
	n.grant("alice", "cp/lock/cpgate-bench-")
	s.works(at("--user=alice")...)
	for _, primitive := range []string{"semaphore", "latch"} {
		n.grant("alice", fmt.Sprintf("cp/%s/cpgate-bench-", primitive))
		r := s.run(at("--user=alice --primitive=" + primitive)...)
		if r.code != 1 || !strings.HasPrefix(r.err, `cpgate: destroying "cpgate-bench-`) || !strings.HasSuffix(r.err, "permission denied\n") {
			t.Errorf("%s: ended with %d and said %s", primitive, r.code, r.err)
		}
		s.works(at("--user=root --password-file=password --primitive=" + primitive)...)
	}
	if left := n.keysAs("root", "root's word"); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	s.works(at("--user=alice --primitive=session --heartbeat=20ms")...)
	n.stop(syscall.SIGTERM)
}

// grant lets a user read and write what begins like that.
func (n *node) grant(user, prefix string) {
	n.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{n.addr}, Username: "root", Password: "root's word", Logger: zap.NewNop()})
	if err != nil {
		n.Fatal(err)
	}
	defer c.Close()
	_, err = c.RoleAdd(n.Context(), prefix)
	if err == nil {
		_, err = c.RoleGrantPermission(n.Context(), prefix, prefix, clientv3.GetPrefixRangeEnd(prefix), clientv3.PermissionType(clientv3.PermReadWrite))
	}
	if err == nil {
		_, err = c.UserGrantRole(n.Context(), user, prefix)
	}
	if err != nil {
		n.Fatal(err)
	}
}
