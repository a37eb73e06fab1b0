//go:build !linux

package faults

import (
	"os/exec"
	"syscall"
)

func dieWithParent() *syscall.SysProcAttr { return nil }

func startProcess(cmd *exec.Cmd) error { return cmd.Start() }
