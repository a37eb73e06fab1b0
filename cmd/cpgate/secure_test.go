package main_test

import (
	"net"
	"strings"
	"syscall"
	"testing"
)

// asClient are the flags of commands that call a node that was started withCerts.
var asClient = []string{"--ca-file=certs/ca.crt", "--cert-file=certs/client.crt", "--key-file=certs/client.key"}

func TestCommands_CallANodeOverTLS(t *testing.T) {
	s := newSandbox(t)
	s.works("certs", "init", "certs")
	n := s.serve(withCerts...)
	if said := s.works(append([]string{"health", "--endpoint", n.addr}, asClient...)...); said != "ok\n" {
		t.Errorf("said %q", said)
	}
	if said := s.works(append([]string{"status", "--endpoints", n.addr}, asClient...)...); !strings.Contains(said, "leader") {
		t.Errorf("said %s", said)
	}
	s.works(append([]string{"member", "list", "--endpoints", n.addr}, asClient...)...)
	for _, primitive := range []string{"lock", "session --heartbeat=100ms"} { // one goes over the Go client, the other over etcd's
		s.works(append(strings.Fields("bench --warm-up=0s --duration=1s --endpoints="+n.addr+" --primitive="+primitive), asClient...)...)
	}
	s.refuses(`endpoint "`+n.addr+`": 400 This port speaks TLS: call it with https.`, "health", "--endpoint", n.addr)
	s.refuses(`endpoint "`+n.addr+`": remote error: tls: certificate required`, "health", "--endpoint", n.addr, "--ca-file=certs/ca.crt")
	s.refuses(`endpoint "`+n.addr+`": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
		"health", "--endpoint", n.addr, "--ca-file=certs/peer-ca.crt")
	n.stop(syscall.SIGTERM)
}

// A container's health check has nothing but the node's own environment.
func TestHealth_AsksANodeOverTLSAsItsEnvironmentSays(t *testing.T) {
	s := newSandbox(t)
	s.works("certs", "init", "certs", "--host=node.example.org") // not the name by which it asks
	n := s.serve(withCerts...)
	_, port, _ := net.SplitHostPort(n.addr)
	s.set("CPGATE_LISTEN=:"+port, "CPGATE_CERT_FILE=certs/server.crt", "CPGATE_KEY_FILE=certs/server.key")
	s.works("health")
	n.stop(syscall.SIGTERM)
}

func TestCommands_RefuseFilesThatTheyCantUse(t *testing.T) {
	s := newSandbox(t)
	s.works("certs", "init", "certs")
	for flags, want := range map[string]string{
		"--key-file=k":               `key-file "k": needs cert-file`,
		"--cert-file=c":              `cert-file "c": needs key-file`,
		"--cert-file=c --key-file=k": `cert-file "c": needs ca-file`,
		"--ca-file=none":             `ca-file "none": no such file or directory`,
		"--ca-file=certs/ca.crt --cert-file=c --key-file=k": `cert-file "c": no such file or directory`,
	} {
		for _, command := range []string{"health", "status"} {
			s.refuses(want, append([]string{command}, strings.Fields(flags)...)...)
		}
	}
}
