//go:build !linux

package faults

import (
	"errors"
	"os/exec"
)

// disk is what only Linux has.
type disk struct{}

var errNoDisks = errors.New("it takes Linux's seccomp")

func supportsDisks() error { return errNoDisks }

func (*disk) start(*exec.Cmd) error { return errNoDisks }

func (*disk) set(manner) {}

func launching() bool { return false }

func launch() int { return 1 }
