package faults

import (
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// dieWithParent ends a process with the one that started it, also when that is killed.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// startProcess starts a process. Linux ends it with the thread that started it, so all are started by one that stays.
func startProcess(cmd *exec.Cmd) error {
	errs := make(chan error)
	starter() <- func() { errs <- cmd.Start() }
	return <-errs
}

var starter = sync.OnceValue(func() chan<- func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range work {
			f()
		}
	}()
	return work
})
