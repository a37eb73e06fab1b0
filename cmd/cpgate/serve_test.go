package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// node is a running `cpgate serve`.
type node struct {
	*sandbox
	cmd    *exec.Cmd
	line   string // what it said when it was up
	addr   string
	stderr *bytes.Buffer // to be read when it has ended
}

var saysWhere = regexp.MustCompile(`^cpgate: serving on (127\.0\.0\.1:\d+)(?: over TLS)? \(data in \S+\) - try: curl .*-X POST (?:https://)?(127\.0\.0\.1:\d+)/v1/sessions$`)

// serve starts a node on a free port and waits for its one line.
func (s *sandbox) serve(args ...string) *node {
	s.Helper()
	n := &node{sandbox: s, stderr: &bytes.Buffer{}}
	n.cmd = s.command(append([]string{"serve", "--listen=127.0.0.1:0"}, args...)...)
	n.cmd.Stderr = n.stderr
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = n.cmd.Process.Kill() })
	n.line, err = bufio.NewReader(out).ReadString('\n')
	m := saysWhere.FindStringSubmatch(strings.TrimSuffix(n.line, "\n"))
	if len(m) != 3 || m[1] != m[2] {
		_ = n.cmd.Wait()
		s.Fatalf("said %q, %v: %s", n.line, err, n.stderr)
	}
	n.addr = m[1]
	return n
}

// call sends an HTTP request and returns status and body.
func (n *node) call(method, path, body string) (int, string) {
	n.Helper()
	r, err := http.NewRequestWithContext(n.Context(), method, "http://"+n.addr+path, strings.NewReader(body))
	if err != nil {
		n.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		n.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		n.Error(err)
	}
	return resp.StatusCode, string(b)
}

// open opens a session as the first line of output suggests and returns its id.
func (n *node) open() string {
	n.Helper()
	code, body := n.call(http.MethodPost, "/v1/sessions", "")
	m := regexp.MustCompile(`"session_id":"(\w+)"`).FindStringSubmatch(body)
	if code != http.StatusOK || len(m) != 2 {
		n.Fatalf("opening a session: %d %s", code, body)
	}
	return m[1]
}

// stop ends the node with a signal; it must end well, silently, and soon.
func (n *node) stop(sig os.Signal) {
	n.Helper()
	begin := time.Now()
	if err := n.cmd.Process.Signal(sig); err != nil {
		n.Fatal(err)
	}
	err := n.cmd.Wait()
	if d := time.Since(begin); err != nil || d > 3*time.Second || n.stderr.Len() > 0 {
		n.Errorf("ended after %v with %v: %s", d, err, n.stderr)
	}
}

func TestServe_StopsOnASignalAndGoesOnWhereItWas(t *testing.T) {
	s := newSandbox(t)
	n := s.serve()
	if code, body := n.call(http.MethodGet, "/readyz", ""); code != http.StatusOK {
		t.Errorf("not ready: %d %s", code, body)
	}
	id := n.open()
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGTERM} {
		n.stop(sig)
		n = s.serve()
		if code, body := n.call(http.MethodGet, "/v1/sessions/"+id, ""); code != http.StatusOK {
			t.Errorf("after %v the session is gone: %d %s", sig, code, body)
		}
	}
	n.stop(syscall.SIGTERM)
}

func TestServe_GoesOnWhereItWasKilled(t *testing.T) {
	s := newSandbox(t)
	n := s.serve()
	id := n.open()
	if err := n.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = n.cmd.Wait() // it was killed
	n = s.serve()
	if code, body := n.call(http.MethodGet, "/v1/sessions/"+id, ""); code != http.StatusOK {
		t.Errorf("the session is gone: %d %s", code, body)
	}
	n.stop(syscall.SIGTERM)
}

func TestServe_StopsWhileCallersWaitAndTellsThemToRetry(t *testing.T) {
	n := newSandbox(t).serve()
	lock := func(owner string) (int, string) {
		body := fmt.Sprintf(`{"session_id":%q,"owner":%q}`, n.open(), owner)
		return n.call(http.MethodPost, "/v1/locks/orders:lock", body)
	}
	if code, body := lock("holder"); code != http.StatusOK {
		t.Fatalf("the first caller got %d %s", code, body)
	}
	const waiters = 20
	codes := make(chan int)
	for i := range waiters {
		go func() {
			code, _ := lock(fmt.Sprint("waiter", i))
			codes <- code
		}()
	}
	n.awaitWaiters(waiters)
	n.stop(syscall.SIGTERM)
	for range waiters {
		if code := <-codes; code != http.StatusServiceUnavailable {
			t.Errorf("a waiter got %d", code)
		}
	}
}

func (n *node) awaitWaiters(count int) {
	n.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, body := n.call(http.MethodGet, "/v1/locks/orders", "")
		if strings.Count(body, `"owner":"waiter`) == count {
			return
		}
		if time.Now().After(end) {
			n.Fatalf("never were %d waiting: %s", count, body)
		}
	}
}

func TestServe_RefusesAPortInUseBeforeItCreatesAnything(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().String()
	want := fmt.Sprintf("listen %q: listen tcp %s: bind: address already in use", addr, addr)
	newSandbox(t).refuses(want, "serve", "--listen", addr)
}

func TestServe_RefusesADataFolderInUseAndDisturbsNobody(t *testing.T) {
	s := newSandbox(t)
	n := s.serve()
	s.refuses(`data-dir "cpgate.data": locked by another process`, "serve", "--listen=127.0.0.1:0")
	n.open()
	n.stop(syscall.SIGTERM)
}

func TestServe_RefusesADataFolderThatItCantUse(t *testing.T) {
	s := newSandbox(t)
	s.write("file", "")
	s.refuses(`data-dir "file": not a folder`, "serve", "--listen=127.0.0.1:0", "--data-dir=file")
	s.refuses(`data-dir "file/d": not a directory`, "serve", "--listen=127.0.0.1:0", "--data-dir=file/d")
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	if err := os.Mkdir(filepath.Join(s.dir, "locked"), 0o500); err != nil {
		t.Fatal(err)
	}
	s.refuses(`data-dir "locked": not writable: permission denied`, "serve", "--listen=127.0.0.1:0", "--data-dir=locked")
}

func TestServe_RefusesTooFewOpenFiles(t *testing.T) {
	s := newSandbox(t)
	c := exec.CommandContext(t.Context(), "sh", "-c", `ulimit -n 100 && exec "$0" serve --listen 127.0.0.1:0`, program)
	c.Dir, c.Env = s.dir, s.env
	out, _ := c.CombinedOutput() // the line says more than the code
	if want := "cpgate: open files: limited to 100, at least 151 are needed: see `ulimit -n`\n"; string(out) != want {
		t.Errorf("said %s", out)
	}
	if left := s.files(); len(left) > 0 {
		t.Errorf("left %v", left)
	}
}
