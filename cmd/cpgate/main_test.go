package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// program is the path of the real program, built once for all tests.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cpgate")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "cpgate")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		fmt.Printf("%s%v\n", out, err)
		return 1
	}
	return m.Run()
}

// sandbox is where a test runs the program: an empty folder, and an environment without settings.
type sandbox struct {
	*testing.T
	dir string
	env []string
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	isOurs := func(v string) bool { return strings.HasPrefix(v, "CPGATE_") }
	return &sandbox{T: t, dir: t.TempDir(), env: slices.DeleteFunc(os.Environ(), isOurs)}
}

func (s *sandbox) set(env ...string) { s.env = append(s.env, env...) }

func (s *sandbox) write(name, content string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *sandbox) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(s.Context(), program, args...)
	c.Dir, c.Env = s.dir, s.env
	c.WaitDelay = time.Second
	return c
}

// result is how a run of the program ended.
type result struct {
	out, err string
	code     int
}

// run runs the program to its end, which must come by itself.
func (s *sandbox) run(args ...string) result {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 20*time.Second)
	defer cancel()
	c := s.command(args...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		s.Fatal(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Process.Kill() })
	defer stop()
	_ = c.Wait() // the code says it
	return result{out: out.String(), err: errs.String(), code: c.ProcessState.ExitCode()}
}

// works runs the program and returns what it said.
func (s *sandbox) works(args ...string) string {
	s.Helper()
	r := s.run(args...)
	if r.code != 0 || r.err != "" {
		s.Fatalf("cpgate %s ended with %d: %s", strings.Join(args, " "), r.code, r.err)
	}
	return r.out
}

// refuses runs the program, which must end with that one line and leave no trace.
func (s *sandbox) refuses(want string, args ...string) {
	s.Helper()
	before := s.files()
	r := s.run(args...)
	if r.code != 1 || r.out != "" {
		s.Errorf("cpgate %s ended with %d and said %q", strings.Join(args, " "), r.code, r.out)
	}
	if r.err != "cpgate: "+want+"\n" {
		s.Errorf("cpgate %s said\n     %swant cpgate: %s", strings.Join(args, " "), r.err, want)
	}
	if after := s.files(); !slices.Equal(before, after) {
		s.Errorf("left %v, there was %v", after, before)
	}
}

func (s *sandbox) files() (names []string) {
	s.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		s.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
