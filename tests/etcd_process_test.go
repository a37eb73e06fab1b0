package tests_test

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// plainEtcd is etcd itself, in a process of its own, with a folder and ports that it keeps over its restarts.
type plainEtcd struct {
	*testing.T
	data       string
	addr, peer string
	args       []string    // besides those for the above
	tls        *tls.Config // of its clients, nil for plain text
	cmd        *exec.Cmd
	ended      chan struct{} // closed when cmd has
	said       bytes.Buffer
}

func runEtcd(t *testing.T, args ...string) *plainEtcd {
	t.Helper()
	return runEtcdWithTLS(t, nil, args...)
}

// runEtcdWithTLS runs an etcd that its own clients reach like that. The args have its certificates.
func runEtcdWithTLS(t *testing.T, clients *tls.Config, args ...string) *plainEtcd {
	t.Helper()
	buildEtcd().orFail(t)
	e := &plainEtcd{T: t, data: filepath.Join(t.TempDir(), "etcd"), args: args, tls: clients}
	e.start()
	t.Cleanup(e.kill)
	return e
}

// url is where clients reach it.
func (e *plainEtcd) url() string {
	if e.tls != nil {
		return "https://" + e.addr
	}
	return "http://" + e.addr
}

// start starts etcd and returns when it has a leader. It takes new ports when somebody else's connection has got hold
// of one meanwhile, unless it has served on them before.
func (e *plainEtcd) start() {
	e.Helper()
	for fresh := e.addr == ""; ; e.said.Reset() {
		if fresh {
			e.addr, e.peer = unused(e.T), unused(e.T)
		}
		client, peer := e.url(), "http://"+e.peer
		e.cmd = exec.Command(buildEtcd().orFail(e.T), append([]string{
			"--name", "plain", "--data-dir", e.data, "--log-level", "error",
			"--listen-client-urls", client, "--advertise-client-urls", client,
			"--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "plain=" + peer,
		}, e.args...)...)
		e.cmd.Stderr = &e.said
		if err := e.cmd.Start(); err != nil {
			e.Fatal(err)
		}
		e.ended = make(chan struct{})
		go func() { defer close(e.ended); _ = e.cmd.Wait() }() // it is killed: that is what it says
		if e.serves() {
			return
		}
		if !strings.Contains(e.said.String(), "address already in use") {
			e.Fatalf("etcd did not start: %s", e.said.String())
		}
	}
}

// serves returns when etcd has a leader, or has ended.
func (e *plainEtcd) serves() bool {
	e.Helper()
	c := http.Client{Transport: &http.Transport{TLSClientConfig: e.tls, DisableKeepAlives: true}}
	for end := time.Now().Add(soon); time.Now().Before(end); {
		if a, err := c.Get(e.url() + "/health"); err == nil {
			_ = a.Body.Close()
			if a.StatusCode == http.StatusOK {
				return true
			}
		}
		select {
		case <-e.ended:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	e.Fatal("etcd has no leader")
	return false
}

// kill ends etcd as a power cut would. One that has ended stays so.
func (e *plainEtcd) kill() {
	_ = e.cmd.Process.Kill()
	<-e.ended
}
