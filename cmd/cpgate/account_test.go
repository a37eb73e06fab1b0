package main_test

import (
	"context"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
)

// restrict switches access control on, for root and for alice, who has no right to anything.
func (n *node) restrict() {
	n.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{n.addr}, Logger: zap.NewNop()})
	if err != nil {
		n.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(n.Context(), time.Minute)
	defer cancel()
	for _, err := range []error{
		second(c.UserAdd(ctx, "root", "root's word")), second(c.UserGrantRole(ctx, "root", "root")),
		second(c.UserAdd(ctx, "alice", "secret")), second(c.AuthEnable(ctx)),
	} {
		if err != nil {
			n.Fatal(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestCommands_CallAClusterWithAccessControl(t *testing.T) {
	s := newSandbox(t)
	n := s.serve("--log-level=error") // etcd warns of every login that fails
	n.restrict()
	at := func(command string, user ...string) []string {
		return append(append(strings.Fields(command), "--endpoints", n.addr), user...)
	}
	s.write("password", "root's word\n")
	root := []string{"--user=root", "--password-file=password"}
	if said := s.works(at("status", root...)...); !strings.HasSuffix(said, "\n0         0      0           0\n") {
		t.Errorf("said %s", said)
	}
	s.works(at("member list", root...)...)
	s.works(at("snapshot save all", root...)...)
	for _, command := range []string{"status", "member list", "member add a=a:1", "member remove a", "member promote a", "snapshot save f"} {
		s.refuses("this cluster has access control: give --user", at(command)...)
	}
	s.set("CPGATE_PASSWORD=secret")
	alice := "--user=alice"
	if said := s.works(at("status", alice)...); !strings.HasSuffix(said, "-  the user may not list them\n") {
		t.Errorf("said %s", said)
	}
	s.works(at("member list", alice)...)
	s.refuses(`adding "a=a:1": permission denied`, at("member add a=a:1", alice)...)
	s.refuses(`snapshot "f": permission denied`, at("snapshot save f", alice)...)
	for _, user := range []string{"root", "bob"} {
		s.refuses(`user "`+user+`": no such user, or not with this password`, at("status", "--user="+user)...)
	}
	s.works("health", "--endpoint", n.addr)
	n.stop(syscall.SIGTERM)
}

// Whoever has a password in the environment may run the other commands too, and call a cluster without access control.
func TestCommands_GoOnWhereAPasswordIsNotAskedFor(t *testing.T) {
	s := newSandbox(t)
	s.set("CPGATE_PASSWORD=secret")
	if said := s.works("config", "print"); strings.Contains(said, "secret") {
		t.Errorf("said %s", said)
	}
	n := s.serve()
	s.works("member", "list", "--endpoints", n.addr)
	s.works("member", "list", "--endpoints", n.addr, "--user=alice")
	n.stop(syscall.SIGTERM)
}

func TestCommands_RefuseCredentialsThatTheyCantUse(t *testing.T) {
	s := newSandbox(t)
	s.write("empty", "\n")
	s.write("two", "a\nb\n")
	for flags, want := range map[string]string{
		"--user=root:secret":                `user "root": must be the name alone: the password is for password-file or CPGATE_PASSWORD`,
		"--user=root":                       `user "root": needs password-file, or CPGATE_PASSWORD`,
		"--password-file=two":               `password-file "two": needs user`,
		"--user=root --password-file=none":  `password-file "none": no such file or directory`,
		"--user=root --password-file=empty": `password-file "empty": must hold one line, the password`,
		"--user=root --password-file=two":   `password-file "two": must hold one line, the password`,
	} {
		for _, command := range []string{"status", "member list", "snapshot save f"} {
			s.refuses(want, append(strings.Fields(command), strings.Fields(flags)...)...)
		}
	}
}

func TestCommands_TellAUserThatNobodyAnswers(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	s.set("CPGATE_PASSWORD=secret")
	s.refuses(`endpoints "127.0.0.1:1": no answer within 5s`, "status", "--user=root", "--endpoints=127.0.0.1:1")
}
