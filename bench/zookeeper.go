package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/cpgate/cpgate/internal/bench"
)

// zookeeper is ZooKeeper with the lock of its Go client.
var zookeeper = &system{
	name: "zookeeper", title: "ZooKeeper, go-zookeeper", warm: 15 * time.Second, // Java compiles what is used often
	build: findZooKeeper, version: zookeeperVersion, start: startZooKeeper,
	work: map[kind]func(context.Context, task) (bench.Work, error){ownLocks: zookeeperLocks, oneLock: zookeeperLocks},
}

// zookeeperClasses is where Debian's package has them; the archive names the others that it needs.
const zookeeperClasses = "/usr/share/java/zookeeper.jar"

func findZooKeeper(_ context.Context, to *tools) error {
	java, err := exec.LookPath("java")
	if err == nil {
		_, err = os.Stat(zookeeperClasses)
	}
	if err != nil {
		return fmt.Errorf("the package zookeeper is not installed: %w", err)
	}
	to.java = java
	return nil
}

func zookeeperVersion(ctx context.Context, from tools) (string, error) {
	said, err := output(ctx, ".", from.java, "-cp", zookeeperClasses, "org.apache.zookeeper.version.VersionInfoMain")
	if err != nil {
		return "", err
	}
	java, err := output(ctx, ".", from.java, "-version")
	lines := strings.Split(said, "\n") // what its logging has to say comes before
	return lines[len(lines)-1] + ", " + firstLine(java), err
}

// startZooKeeper starts one that syncs its log before it answers, as it does by default, with as many connections from one
// address as it is asked for, and Java's own choice of memory.
func startZooKeeper(ctx context.Context, from tools, _ int, dir string) (*cluster, error) {
	addrs, err := unused(1)
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(addrs[0], ":")
	config := filepath.Join(dir, "zoo.cfg")
	set := []string{
		"tickTime=2000", "dataDir=" + filepath.Join(dir, "zookeeper"), "clientPort=" + port, "clientPortAddress=127.0.0.1",
		"forceSync=yes", "maxClientCnxns=0", "admin.enableServer=false", "4lw.commands.whitelist=srvr",
	}
	if err := os.WriteFile(config, []byte(strings.Join(set, "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	s, err := launch(ctx, filepath.Join(dir, "zookeeper.log"), from.java, "-cp", zookeeperClasses,
		"org.apache.zookeeper.server.quorum.QuorumPeerMain", config)
	if err != nil {
		return nil, err
	}
	c := &cluster{endpoints: addrs, servers: []*server{s}}
	return c.served(ctx, func(addr string) func(context.Context) bool { return replies(addr, "srvr", "Zookeeper version") })
}

// zookeeperConnections is how many connections callers share. With one, and with one for each of many, it was slower.
const zookeeperConnections = 16

func zookeeperLocks(ctx context.Context, t task) (bench.Work, error) {
	conns := make([]*zk.Conn, min(zookeeperConnections, t.Callers))
	for n := range conns {
		c, events, err := zk.Connect(t.Endpoints, 30*time.Second, zk.WithLogger(mute{}))
		if err != nil {
			return bench.Work{}, err
		}
		conns[n] = c
		if err := connected(ctx, events); err != nil {
			return bench.Work{}, err
		}
	}
	// Its callers come to locks whose nodes are there already, as in a program that runs for long.
	err := forEach(t.Callers, func(n int) error {
		_, err := conns[n%len(conns)].Create("/"+t.name(n), nil, 0, zk.WorldACL(zk.PermAll))
		if errors.Is(err, zk.ErrNodeExists) {
			return nil
		}
		return err
	})
	return lockWork(t, func(ctx context.Context, n int) (unlock func(context.Context) error, err error) {
		l := zk.NewLock(conns[n%len(conns)], "/"+t.name(n), zk.WorldACL(zk.PermAll))
		locked := make(chan error, 1)
		go func() { locked <- l.Lock() }() // it knows no context, and has to be left when the time is up
		select {
		case err := <-locked:
			return func(context.Context) error { return l.Unlock() }, err
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}), err
}

// connected returns when a connection has its session: what is asked before fails if that takes a second try.
func connected(ctx context.Context, events <-chan zk.Event) error {
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case e := <-events:
			if e.State == zk.StateHasSession {
				return nil
			}
		}
	}
}

// mute keeps what the client says of its connections out of what this program says.
type mute struct{}

func (mute) Printf(string, ...any) {}
