package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/embedded"
)

// childDir names the variable that makes this test program run one member on the folder it names, until killed.
const childDir = "CHILD_DATA_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
		return
	}
	os.Exit(m.Run())
}

// child writes for ever and prints the number of every write that was answered.
func child(dir string) {
	m, err := embedded.Start(context.Background(), embedded.Config{DataDir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	c := m.NewClient()
	for i := 1; ; i++ {
		if _, err := c.Put(context.Background(), "n", fmt.Sprint(i)); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(i)
	}
}

func TestRestart_KeepsEveryAnsweredWriteOfAKilledProcess(t *testing.T) {
	dir := t.TempDir()
	last := killAfterWrites(t, dir, 200)
	m := start(t, embedded.Config{DataDir: dir})
	r, err := client(t, m).Get(t.Context(), "n")
	if err != nil {
		t.Fatal(err)
	}
	var got, want int
	_, _ = fmt.Sscan(string(r.Kvs[0].Value), &got)
	_, _ = fmt.Sscan(last, &want)
	if got < want {
		t.Errorf("write %d is there, write %d was answered", got, want)
	}
}

// killAfterWrites runs a child, kills it without warning and returns the last write that it had answered.
func killAfterWrites(t *testing.T, dir string, writes int) (last string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for n := 0; lines.Scan(); n++ {
		last = lines.Text()
		if n == writes {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // it was killed
	return last
}

func TestMember_OpensNoSocketAndLeavesNoGoroutine(t *testing.T) {
	goroutines, sockets := runtime.NumGoroutine(), openSockets(t)
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	put(t, m, "k", "v")
	if now := openSockets(t); now != sockets {
		t.Errorf("%d sockets, %d before the start", now, sockets)
	}
	c := m.NewClient()
	c.Watch(t.Context(), "k")
	_ = c.Close()
	closeNow(t, m)
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines+1; { // 1: the client of put
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before the start:\n%s", runtime.NumGoroutine(), goroutines, stacks())
		}
		time.Sleep(10 * time.Millisecond) // a poll: goroutines end unseen
	}
}

func stacks() []byte {
	b := make([]byte, 1<<20)
	return b[:runtime.Stack(b, true)]
}

// openSockets counts the sockets of this process, of whatever kind.
func openSockets(t *testing.T) (n int) {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files can't be listed here")
	}
	for _, f := range files {
		to, err := os.Readlink("/proc/self/fd/" + f.Name())
		if err == nil && strings.HasPrefix(to, "socket:") {
			n++
		}
	}
	return n
}
