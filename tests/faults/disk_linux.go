package faults

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// disk stands between a process and what it writes to: the kernel asks it (seccomp's user notification, which needs no
// rights) before each call that syncs, writes to the database or makes a file longer. That works on a program that is
// linked statically, as Go's are. A process can only be told so before it begins, so the test's own program is run
// first: it asks the kernel for it, hands the asking to the test, and becomes the member.
type disk struct {
	mu  sync.Mutex
	now manner
}

func (d *disk) set(m manner) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = m
}

func (d *disk) manner() manner {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

// launcher marks a run of the test's program that is to become another.
const launcher = "FAULTS_LAUNCH"

func launching() bool { return os.Getenv(launcher) != "" }

// syncs are calls that wait for the disk; takes are those that bbolt writes by, and by which files are made longer. The log
// is written into space that it has taken before.
var (
	syncs = []int{unix.SYS_FSYNC, unix.SYS_FDATASYNC}
	takes = []int{unix.SYS_PWRITE64, unix.SYS_FALLOCATE, unix.SYS_FTRUNCATE}
)

// start starts the command on the disk.
func (d *disk) start(cmd *exec.Cmd) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("making a pair of sockets: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	defer func() { _, _ = ours.Close(), theirs.Close() }()
	cmd.Args = append([]string{self, cmd.Path}, cmd.Args[1:]...)
	cmd.Path, cmd.ExtraFiles = self, []*os.File{theirs}
	cmd.Env = append(cmd.Env, launcher+"=1")
	if err := startProcess(cmd); err != nil {
		return err
	}
	_ = theirs.Close() // so that receiving ends when the process does
	asked, err := receive(ours)
	if err != nil {
		return errors.Join(fmt.Errorf("receiving the kernel's questions: %w", err), cmd.Process.Kill(), cmd.Wait())
	}
	go d.answer(asked)
	return nil
}

// receive takes a file that the other end has sent.
func receive(from *os.File) (fd int, err error) {
	c, err := net.FileConn(from)
	if err != nil {
		return 0, err
	}
	defer func() { _ = c.Close() }()
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0, fmt.Errorf("%T is no unix socket", c)
	}
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := u.ReadMsgUnix(make([]byte, 1), rights)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return 0, fmt.Errorf("%d control messages: %w", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return 0, fmt.Errorf("%d files: %w", len(fds), err)
	}
	return fds[0], nil
}

// question is the kernel's struct seccomp_notif, reply its struct seccomp_notif_resp.
type (
	question struct {
		ID    uint64
		PID   uint32
		Flags uint32
		Nr    int32
		Arch  uint32
		IP    uint64
		Args  [6]uint64
	}
	reply struct {
		ID    uint64
		Val   int64
		Error int32
		Flags uint32
	}
)

// goOn lets the kernel do the call.
const goOn = 1 // SECCOMP_USER_NOTIF_FLAG_CONTINUE

// answer answers the kernel's questions until the process has ended.
func (d *disk) answer(fd int) {
	defer func() { _ = unix.Close(fd) }()
	var late sync.WaitGroup
	defer late.Wait()
	for {
		ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil && !errors.Is(err, syscall.EINTR) {
			return
		}
		if ready[0].Revents&unix.POLLHUP != 0 {
			return
		}
		var q question
		if err := control(fd, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&q)); err != nil {
			continue // the call was given up meanwhile
		}
		m := d.manner()
		switch {
		case m.full && isOneOf(q.Nr, takes):
			send(fd, reply{ID: q.ID, Error: -int32(unix.ENOSPC)})
		case m.delay > 0 && isOneOf(q.Nr, syncs):
			late.Go(func() {
				time.Sleep(m.delay)
				send(fd, reply{ID: q.ID, Flags: goOn})
			})
		default:
			send(fd, reply{ID: q.ID, Flags: goOn})
		}
	}
}

func isOneOf(nr int32, calls []int) bool {
	for _, c := range calls {
		if int(nr) == c {
			return true
		}
	}
	return false
}

// send answers one question; who asked may be gone.
func send(fd int, r reply) { _ = control(fd, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&r)) }

func control(fd int, request uint, arg unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(request), uintptr(arg)); errno != 0 {
		return errno
	}
	return nil
}
