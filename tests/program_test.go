package tests_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// program is the real program, `cpgate serve`, with a data folder and a port that it keeps over its restarts.
type program struct {
	*testing.T
	data string
	addr string
	args []string // besides those for the above
	cmd  *exec.Cmd
	said bytes.Buffer // on stderr, by all its runs; to be read while none runs
}

func runProgram(t *testing.T) *program {
	t.Helper()
	p := newProgram(t)
	p.start()
	t.Cleanup(p.clear)
	return p
}

func newProgram(t *testing.T, args ...string) *program {
	return &program{T: t, data: filepath.Join(t.TempDir(), "cpgate.data"), addr: "127.0.0.1:0", args: args}
}

var servesOn = regexp.MustCompile(`^cpgate: serving on (\S+) `)

// start starts the program and returns when it serves. While it was away somebody else's connection may have
// borrowed its port: then it is started again.
func (p *program) start() {
	p.Helper()
	for end := time.Now().Add(soon); ; {
		line, ok := p.launch()
		if ok {
			p.addr = servesOn.FindStringSubmatch(line)[1]
			return
		}
		if time.Now().After(end) || !strings.Contains(p.said.String(), "address already in use") {
			p.Fatalf("did not start: %s", p.said.String())
		}
		p.said.Reset()
	}
}

// launch starts the program once. What it says when it is up is its line; ok is false when it has ended instead.
func (p *program) launch() (line string, ok bool) {
	p.Helper()
	args := append([]string{"serve", "--listen", p.addr, "--data-dir", p.data}, p.args...)
	p.cmd = exec.Command(buildServer().orFail(p.T), args...)
	isSetting := func(v string) bool { return strings.HasPrefix(v, "CPGATE_") }
	p.cmd.Env = slices.DeleteFunc(os.Environ(), isSetting)
	p.cmd.Stderr = &p.said
	out := must(p.cmd.StdoutPipe())(p.T)
	if err := p.cmd.Start(); err != nil {
		p.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		_ = p.cmd.Wait()
		return "", false
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return line, true
}

// kill ends the program as a power cut would, in the middle of whatever it does.
func (p *program) kill() {
	p.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.Fatal(err)
	}
	_ = p.cmd.Wait() // it was killed: that is what it says
}

// stop asks the program to end, and returns its exit code and how long that took.
func (p *program) stop() (code int, took time.Duration) {
	p.Helper()
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.Fatal(err)
	}
	_ = p.cmd.Wait() // the code says it
	return p.cmd.ProcessState.ExitCode(), time.Since(begin)
}

// clear ends the program if it still runs, and looks at what it said: nothing that a user would have to see.
func (p *program) clear() {
	if p.cmd.ProcessState == nil {
		p.kill()
	}
	for _, bad := range []string{"DATA RACE", "panic", "level=ERROR"} {
		if strings.Contains(p.said.String(), bad) {
			p.Errorf("the program said %s:\n%s", bad, p.said.String())
			return
		}
	}
}
