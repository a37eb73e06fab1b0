package client_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cpgate/cpgate"
)

// addr is where the node of the examples serves.
var addr string

// TestMain runs one node for the examples, or is the process that a test stops and continues.
func TestMain(m *testing.M) {
	if os.Getenv(stoppableAt) != "" {
		if err := stoppable(os.Getenv(stoppableAt)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	code, err := withNode(m.Run)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func withNode(run func() int) (int, error) {
	dir, err := os.MkdirTemp("", "cpgate-client-test")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	c := cpgate.DefaultConfig()
	c.Listen, c.DataDir = "127.0.0.1:0", filepath.Join(dir, "cpgate.data")
	node, err := cpgate.Start(context.Background(), c)
	if err != nil {
		return 0, err
	}
	defer node.Close()
	addr = node.Addr()
	return run(), nil
}
