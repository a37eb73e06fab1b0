package faults_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cpgate/cpgate/client"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/tests/faults"
)

// The test runs its own program again as a holder, so that a holder can be stopped as a process is. This says how it holds:
// through the Go client, which renews its session, or with bare calls, of which none renews it.
const (
	holderIs  = "FAULTS_HOLDER"
	goClient  = "client"
	bareCalls = "bare"
)

// holderTTL is the shortest there is, in seconds.
const holderTTL = 2

// holder is such a process.
type holder struct {
	*testing.T
	name  string
	cmd   *exec.Cmd
	say   io.Writer
	hear  *bufio.Scanner
	fence int64
}

// startHolder returns when the holder holds the lock.
func startHolder(t *testing.T, how, lock string, addrs []string) *holder {
	t.Helper()
	cmd := exec.Command(must(os.Executable())(t), append([]string{lock}, addrs...)...)
	cmd.Env, cmd.Stderr = append(os.Environ(), holderIs+"="+how), t.Output()
	h := &holder{T: t, name: "holder of " + lock, cmd: cmd, say: must(cmd.StdinPipe())(t)}
	h.hear = bufio.NewScanner(must(cmd.StdoutPipe())(t))
	if err := faults.StartProcess(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	h.listen("holds %d", &h.fence)
	return h
}

func (h *holder) listen(format string, into ...any) {
	h.Helper()
	if !h.hear.Scan() {
		h.Fatalf("the %s has ended: %v", h.name, h.hear.Err())
	}
	if _, err := fmt.Sscanf(h.hear.Text(), format, into...); err != nil {
		h.Fatalf("the %s says %q: %v", h.name, h.hear.Text(), err)
	}
}

func (h *holder) signal(s syscall.Signal) {
	h.Helper()
	if err := h.cmd.Process.Signal(s); err != nil {
		h.Fatal(err)
	}
}

// tell makes the holder write once. It has looked whether it holds before it was told.
func (h *holder) tell() {
	h.Helper()
	if _, err := fmt.Fprintln(h.say, "write"); err != nil {
		h.Fatal(err)
	}
}

// writes waits for the holder's next write and passes it on. believes is what the holder is told of its fence when it asks
// after the write.
func (h *holder) writes(stores ...*faults.Store) (accepted []bool, believes int64) {
	h.Helper()
	var fence int64
	h.listen("writes %d believes %d", &fence, &believes)
	for _, s := range stores {
		accepted = append(accepted, s.Write(h.name, fence))
	}
	return accepted, believes
}

// runHolder is the process: it locks, and then writes once for each line it reads.
func runHolder(how string) int {
	lock := map[string]func(string, []string) (int64, func() int64, error){goClient: holdByClient, bareCalls: holdBare}[how]
	fence, ask, err := lock(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "holder:", err)
		return 1
	}
	fmt.Println("holds", fence)
	for in := bufio.NewReader(os.Stdin); ; {
		line, err := in.ReadString('\n')
		if err != nil || strings.TrimSpace(line) != "write" {
			return 0
		}
		fmt.Println("writes", fence, "believes", ask())
	}
}

func holdByClient(name string, addrs []string) (fence int64, ask func() int64, err error) {
	c, err := client.NewWith(client.Config{
		Endpoints: addrs, SessionTTL: holderTTL * 1e9, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return 0, nil, err
	}
	l := c.Lock(name)
	f, err := l.Lock(context.Background())
	return int64(f), func() int64 { return int64(l.Fence()) }, err
}

func holdBare(name string, addrs []string) (fence int64, ask func() int64, err error) {
	c, err := grpc.NewClient("passthrough:///"+addrs[0], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, nil, err
	}
	ctx := context.Background()
	s, err := cpgatev1.NewSessionServiceClient(c).OpenSession(ctx, &cpgatev1.OpenSessionRequest{TtlSeconds: holderTTL})
	if err != nil {
		return 0, nil, err
	}
	q := &cpgatev1.LockRequest{Name: name, SessionId: s.GetSessionId()}
	a, err := cpgatev1.NewFencedLockServiceClient(c).Lock(ctx, q)
	return a.GetFence(), a.GetFence, err
}
