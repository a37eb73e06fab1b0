package main_test

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
)

func TestHealth_IsWellWhileTheNodeAnswers(t *testing.T) {
	s := newSandbox(t)
	n := s.serve()
	_, port, _ := net.SplitHostPort(n.addr)
	s.set("HTTP_PROXY=http://127.0.0.1:1") // it asks the node itself
	if said := s.works("health", "--endpoint", n.addr); said != "ok\n" {
		t.Errorf("said %q", said)
	}
	s.works("health", "--endpoint", "0.0.0.0:"+port)
	s.set("CPGATE_LISTEN=:" + port)
	s.works("health")
	n.stop(syscall.SIGTERM)
	if r := s.run("health"); r.code != 1 || !strings.Contains(r.err, "connection refused") || strings.Count(r.err, "\n") != 1 {
		t.Errorf("without a node it ended with %d: %q", r.code, r.err)
	}
}

// A member that waits for the others has its port, and answers nothing yet.
func TestHealth_IsNotWellWhileNobodyAnswers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	want := fmt.Sprintf("endpoint %q: no answer within 3s", l.Addr())
	newSandbox(t).refuses(want, "health", "--endpoint", l.Addr().String())
}

func TestHealth_RefusesWhatIsNoEndpoint(t *testing.T) {
	s := newSandbox(t)
	for _, endpoint := range []string{"", "localhost", "http://localhost:1", "a b:1"} {
		s.refuses(fmt.Sprintf("endpoint %q: must be host:port", endpoint), "health", "--endpoint", endpoint)
	}
}
