package faults

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Member is one member of a cluster: `cpgate serve`, with a data folder and a port that it keeps over its restarts.
type Member struct {
	c     *Cluster
	index int
	name  string
	args  []string // besides those that make it a member
	data  string
	said  string // the file with what all its runs have said on stderr
	disk  *disk  // nil without WithDisks
	etcd  *clientv3.Client

	starting sync.Mutex // held by Start

	mu    sync.Mutex // guards what is below
	addr  string
	cmd   *exec.Cmd     // nil while none runs
	ended chan struct{} // closed when cmd has ended

	// mayPanic is set by faults to which a panic is an answer.
	mayPanic bool
}

func memberName(i int) string { return fmt.Sprintf("m%d", i) }

func newMember(c *Cluster, i int) *Member {
	return &Member{
		c: c, index: i, name: memberName(i), addr: "127.0.0.1:0",
		data: c.folder("data"), said: c.folder("stderr"),
	}
}

// Addr is where the member serves clients.
func (m *Member) Addr() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addr
}

// Etcd is a client of etcd's own API through this member alone.
func (m *Member) Etcd() *clientv3.Client { return m.etcd }

// Running reports whether the process is there, be it paused.
func (m *Member) Running() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.runs()
}

func (m *Member) runs() bool {
	if m.cmd == nil {
		return false
	}
	select {
	case <-m.ended:
		return false
	default:
		return true
	}
}

var servesOn = regexp.MustCompile(`^cpgate: serving on (\S+) `)

// Start starts the member, if it does not run, and returns when it serves, which takes a majority of members. While it was
// away somebody else's connection may have borrowed its port: then it is started again.
func (m *Member) Start(ctx context.Context) error {
	m.starting.Lock()
	defer m.starting.Unlock()
	if m.Running() {
		return nil
	}
	for {
		said := m.size()
		line, err := m.launch(ctx)
		if err == nil {
			m.servesAt(servesOn.FindStringSubmatch(line))
			return nil
		}
		if news := m.saidSince(said); ctx.Err() != nil || !strings.Contains(news, "address already in use") {
			return fmt.Errorf("starting %s: %w: %s", m.name, err, news)
		}
	}
}

// servesAt notes the address in the member's line, to come back to.
func (m *Member) servesAt(line []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(line) == 2 {
		m.addr = line[1]
	}
}

// launch starts the process once and returns its line when it is up.
func (m *Member) launch(ctx context.Context) (line string, err error) {
	peers, err := m.c.network.listen(m.index)
	if err != nil {
		return "", err
	}
	cmd := exec.Command(program().path, append([]string{
		"serve", "--listen", m.Addr(), "--data-dir", m.data, "--name", m.name, "--peer-listen", peers,
		"--cp-member-count", fmt.Sprint(m.c.network.n), "--members", m.c.list(),
	}, m.args...)...)
	said, err := os.OpenFile(m.said, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	defer func() { _ = said.Close() }()
	cmd.Env, cmd.Stderr, cmd.SysProcAttr = m.environ(), said, dieWithParent()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	ended, err := m.begin(cmd)
	if err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	return attend(cmd, out, ended)
}

// begin starts the process.
func (m *Member) begin(cmd *exec.Cmd) (ended chan struct{}, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.disk != nil {
		err = m.disk.start(cmd)
	} else {
		err = startProcess(cmd)
	}
	if err != nil {
		return nil, err
	}
	m.cmd, m.ended = cmd, make(chan struct{})
	return m.ended, nil
}

// attend reads the process's line, and what follows until it ends.
func attend(cmd *exec.Cmd, out io.Reader, ended chan struct{}) (line string, err error) {
	r := bufio.NewReader(out)
	line, err = r.ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		close(ended)
		return "", fmt.Errorf("it ended: %v", cmd.ProcessState)
	}
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, r)
		_ = cmd.Wait() // how it ended shows in what it said
	}()
	return line, nil
}

// environ is the test's, without settings of cpgate, and with the member's way to the others.
func (m *Member) environ() []string {
	var env []string
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if !strings.HasPrefix(v, "CPGATE_") && !strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			env = append(env, v)
		}
	}
	return append(env, "HTTP_PROXY="+m.c.network.proxyOf(m.index))
}

// Kill ends the process as a power cut would, in the middle of whatever it does. One that does not run is no error.
func (m *Member) Kill() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.runs() {
		return nil
	}
	if err := m.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing %s: %w", m.name, err)
	}
	<-m.ended
	return nil
}

// Stop asks the process to end (SIGTERM) and returns when it has.
func (m *Member) Stop(ctx context.Context) error {
	if err := m.signal(syscall.SIGTERM); err != nil {
		return err
	}
	m.mu.Lock()
	ended := m.ended
	m.mu.Unlock()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stopping %s: %w", m.name, context.Cause(ctx))
	}
}

// Pause stops the process without its notice; what it has open stays open.
func (m *Member) Pause() error { return m.signal(syscall.SIGSTOP) }

// Resume lets a paused process go on.
func (m *Member) Resume() error { return m.signal(syscall.SIGCONT) }

func (m *Member) signal(s syscall.Signal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.runs() {
		return fmt.Errorf("%s does not run", m.name)
	}
	if err := m.cmd.Process.Signal(s); err != nil {
		return fmt.Errorf("sending %v to %s: %w", s, m.name, err)
	}
	return nil
}

func (m *Member) size() int64 {
	if i, err := os.Stat(m.said); err == nil {
		return i.Size()
	}
	return 0
}

// saidSince is what the member said behind the first n bytes.
func (m *Member) saidSince(n int64) string {
	b, _ := os.ReadFile(m.said) // without one there is nothing to tell
	return string(b[min(n, int64(len(b))):])
}

// tell fails the test when the member said what none should, and shows the end of it when the test has failed.
func (m *Member) tell() {
	said := m.saidSince(0)
	for _, bad := range []string{"DATA RACE", "panic"} {
		if strings.Contains(said, bad) && (bad != "panic" || !m.mayPanic) {
			m.c.t.Errorf("%s said %s", m.name, bad)
		}
	}
	if m.c.t.Failed() {
		const most = 10_000
		m.c.t.Logf("%s said:\n%s", m.name, said[max(0, len(said)-most):])
	}
}

// unused returns an address at which nobody listens just now.
func unused() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
