package client_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/client"
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

// stoppableAt has the address of the node, in the process that stoppable runs in.
const stoppableAt = "CPGATE_TEST_STOPPABLE_AT"

// stoppable locks "orders", and tells on each line of its input what it thinks of that.
func stoppable(addr string) error {
	c, err := client.New(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	l := c.Lock("orders")
	_, err = l.Lock(context.Background())
	fmt.Println("lock:", err)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fence := l.Fence()
		fmt.Println("fence:", fence, "unlock:", l.Unlock(context.Background()))
	}
	return nil
}
