package faults

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// handOver is the file descriptor over which a launcher sends the one of the kernel's questions.
const handOver = 3

// launch makes this process the program that its arguments name, with the kernel asking about its calls to the disk. It
// returns only what went wrong.
func launch() int {
	fmt.Fprintln(os.Stderr, "launching:", become(os.Args[1:]))
	return 1
}

func become(args []string) error {
	runtime.LockOSThread() // the filter is the thread's, and goes with it into the new program
	fd, err := filter()
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(handOver, []byte{0}, unix.UnixRights(fd), nil, 0); err != nil {
		return fmt.Errorf("handing over: %w", err)
	}
	unix.CloseOnExec(fd)
	unix.CloseOnExec(handOver)
	isMark := func(v string) bool { return strings.HasPrefix(v, launcher+"=") }
	return syscall.Exec(args[0], args, slices.DeleteFunc(os.Environ(), isMark))
}

// filter asks the kernel to ask about the thread's calls from now on, and returns where.
func filter() (fd int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, fmt.Errorf("renouncing rights: %w", err)
	}
	code := filterCode(append(slices.Clone(syncs), takes...))
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
	r, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&prog)))
	runtime.KeepAlive(code)
	if errno != 0 {
		return 0, fmt.Errorf("filtering calls: %w", errno)
	}
	return int(r), nil
}

// filterCode asks about those calls and lets all others pass. A call's number is the first word of what a filter sees; a
// process has one architecture here.
func filterCode(calls []int) []unix.SockFilter {
	code := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}
	for i, nr := range calls {
		toAsk := uint8(len(calls) - i)
		code = append(code, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: toAsk, K: uint32(nr)})
	}
	return append(code,
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_USER_NOTIF},
	)
}

// supportsDisks says why the machine can't do it; nil where it can.
var supportsDisks = sync.OnceValue(func() error {
	cmd := exec.Command(program().path, "version")
	cmd.SysProcAttr = dieWithParent()
	if err := (&disk{}).start(cmd); err != nil {
		return err
	}
	return cmd.Wait()
})
