//go:build unix

package client_test

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// puppet is a process that runs stoppable.
type puppet struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func startPuppet(t *testing.T, addr string) *puppet {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), stoppableAt+"="+addr)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return &puppet{cmd, in, bufio.NewScanner(out)}
}

func (p *puppet) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

func (p *puppet) says(t *testing.T) string {
	t.Helper()
	line := make(chan string, 1)
	go func() {
		p.out.Scan()
		line <- p.out.Text()
	}()
	return receive(t, line)
}

func TestStoppedProcess_FindsItsHoldLostWhenItGoesOn(t *testing.T) {
	t.Parallel()
	node := short(t)
	p := startPuppet(t, node.Addr())
	if got := p.says(t); got != "lock: <nil>" {
		t.Fatal(got)
	}
	p.signal(t, syscall.SIGSTOP)
	lock(t, node.Client(t).Lock("orders")) // once the stopped one's session has expired
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGCONT)
	if got := p.says(t); !strings.Contains(got, "fence: 0 ") || !strings.Contains(got, "ownership lost") {
		t.Error(got)
	}
}

// The answer that it holds reaches the process while it is stopped, and is stale when it reads it.
func TestStoppedProcess_DoesNotBelieveAStaleAnswer(t *testing.T) {
	t.Parallel()
	node := short(t)
	s, busy := wire(t, node.Addr()), node.Client(t).Lock("orders")
	lock(t, busy)
	p := startPuppet(t, node.Addr())
	s.awaitWaiters(t, "orders", 1)
	p.signal(t, syscall.SIGSTOP)
	unlock(t, busy)
	lock(t, busy) // once the stopped one held and its session has expired
	p.signal(t, syscall.SIGCONT)
	if got := p.says(t); !strings.Contains(got, "session expired") {
		t.Error(got)
	}
}
