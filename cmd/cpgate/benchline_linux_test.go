package main_test

import (
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal gives what a person sits before, and what a program has for it.
func terminal(t *testing.T) (person, program *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("there are no terminals here: %v", err)
	}
	t.Cleanup(func() { _ = person.Close() })
	fd := int(person.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err = os.OpenFile("/dev/pts/"+strconv.Itoa(n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return person, program
}

// Who sits before it sees how far it is, and nothing of that is left behind. Nobody else is told: the other tests of this
// command want nothing on stderr.
func TestBench_TellsAPersonHowFarItIs(t *testing.T) {
	t.Parallel()
	s := newSandbox(t)
	n := s.serve()
	person, program := terminal(t)
	c := s.command("bench", "--callers=2", "--warm-up=600ms", "--duration=1100ms", "--endpoints="+n.addr)
	c.Stderr = program
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	_ = program.Close()
	_ = person.SetReadDeadline(time.Now().Add(time.Minute))
	told, _ := io.ReadAll(person) // ends with an error when the other side is closed
	for _, want := range []string{"warming up: ", "measuring: ", " of 1.1s, ", " cycles per second"} {
		if !strings.Contains(string(told), want) {
			t.Errorf("told nothing of %q: %q", want, told)
		}
	}
	if strings.Contains(string(told), "\n") || !strings.HasSuffix(string(told), "\r\x1b[K") {
		t.Errorf("left %q", told)
	}
	n.stop(syscall.SIGTERM)
}
