package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cluster is the servers of one system, each a process of its own.
type cluster struct {
	endpoints []string
	servers   []*server
}

// node is one of the servers that form a cluster: where it serves, where it hears the others, and the folder for what it keeps.
type node struct{ name, addr, peer, dir string }

// startNodes starts a program so many times, and returns when each answers with 200 at the path. All of them are given as
// scheme says: m0=127.0.0.1:1,m1=127.0.0.1:2.
func startNodes(ctx context.Context, program string, members int, dir, scheme, path string, args func(one node, all string) []string) (*cluster, error) {
	addrs, err := unused(2 * members)
	if err != nil {
		return nil, err
	}
	c := &cluster{endpoints: addrs[:members]}
	var nodes []node
	var all []string
	for n, peer := range addrs[members:] {
		one := node{name: fmt.Sprint("m", n), addr: addrs[n], peer: peer}
		one.dir = filepath.Join(dir, one.name)
		nodes, all = append(nodes, one), append(all, one.name+"="+scheme+peer)
	}
	for _, one := range nodes {
		s, err := launch(ctx, one.dir+".log", program, args(one, strings.Join(all, ","))...)
		if err != nil {
			c.stop()
			return nil, err
		}
		c.servers = append(c.servers, s)
	}
	return c.served(ctx, func(addr string) func(context.Context) bool { return well("http://" + addr + path) })
}

// served returns when every server answers, or none is left.
func (c *cluster) served(ctx context.Context, answers func(addr string) func(context.Context) bool) (*cluster, error) {
	for n, s := range c.servers {
		if err := s.await(ctx, answers(c.endpoints[n])); err != nil {
			c.stop()
			return nil, err
		}
	}
	return c, nil
}

// stop throws the servers away: nothing of them is needed any more.
func (c *cluster) stop() {
	for _, s := range c.servers {
		s.kill()
	}
}

// signal asks all servers to stand still (SIGSTOP), or to go on (SIGCONT).
func (c *cluster) signal(s syscall.Signal) error {
	for _, server := range c.servers {
		if err := server.cmd.Process.Signal(s); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) pids() (pids []int) {
	for _, s := range c.servers {
		pids = append(pids, s.cmd.Process.Pid)
	}
	return pids
}

// server is one process, which writes what it says into a file.
type server struct {
	cmd   *exec.Cmd
	log   string
	ended chan struct{}
}

// startLimit is how long servers may take until they serve.
const startLimit = time.Minute

// launch starts a server.
func launch(ctx context.Context, log string, program string, args ...string) (*server, error) {
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }()
	s := &server{cmd: exec.CommandContext(ctx, program, args...), log: log, ended: make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = out, out, filepath.Dir(log)
	s.cmd.Env = withoutSettings(os.Environ())
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { defer close(s.ended); _ = s.cmd.Wait() }() // it is killed: that is what it says
	return s, nil
}

// withoutSettings leaves out what would change how servers are set.
func withoutSettings(env []string) (kept []string) {
	for _, v := range env {
		if !strings.HasPrefix(v, "CPGATE_") && !strings.HasPrefix(v, "ETCD_") {
			kept = append(kept, v)
		}
	}
	return kept
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// await returns when the server answers as it should.
func (s *server) await(ctx context.Context, answers func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for !answers(ctx) {
		select {
		case <-s.ended:
			said, _ := os.ReadFile(s.log)
			return fmt.Errorf("it ended at once: %s", said)
		case <-ctx.Done():
			return fmt.Errorf("it does not serve: %w", context.Cause(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// cpu is how long the processes have run so far, in user space and in the kernel.
func cpu(pids []int) (time.Duration, error) {
	const tick = time.Second / 100 // of Linux, wherever Go runs
	var sum time.Duration
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, ticks := range fields[11:13] { // utime, stime: see proc(5)
			n, err := strconv.Atoi(ticks)
			if err != nil {
				return 0, err
			}
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}

// resident is how many bytes of memory the processes take.
func resident(pids []int) (sum int64, err error) {
	for _, pid := range pids {
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return 0, err
		}
		pages, err := strconv.ParseInt(strings.Fields(string(statm))[1], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += pages * int64(os.Getpagesize())
	}
	return sum, nil
}

// unused returns addresses at which nobody listens just now.
func unused(n int) (addrs []string, err error) {
	var open []net.Listener // all at once, so that none is given twice
	for range n {
		l, failed := net.Listen("tcp", "127.0.0.1:0")
		if failed != nil {
			err = failed
			break
		}
		open = append(open, l)
		addrs = append(addrs, l.Addr().String())
	}
	for _, l := range open {
		err = errors.Join(err, l.Close())
	}
	return addrs, err
}

// well tells of a server whose page answers with 200.
func well(url string) func(context.Context) bool {
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) bool {
		ask, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return false
		}
		a, err := c.Do(ask)
		if err != nil {
			return false
		}
		_ = a.Body.Close()
		return a.StatusCode == http.StatusOK
	}
}

// replies tells of a server that says something certain to a line.
func replies(addr, line, want string) func(context.Context) bool {
	return func(context.Context) bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			return false
		}
		defer func() { _ = c.Close() }()
		said := make([]byte, len(want))
		if err := c.SetDeadline(time.Now().Add(time.Second)); err != nil {
			return false
		}
		if _, err := c.Write([]byte(line)); err != nil {
			return false
		}
		_, err = c.Read(said)
		return err == nil && string(said) == want
	}
}

// output runs a program to its end.
func output(ctx context.Context, dir, program string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, program, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", program, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return strings.TrimSpace(string(out)), nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
