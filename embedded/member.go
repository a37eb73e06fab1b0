package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	runtimeutil "go.etcd.io/etcd/pkg/v3/runtime"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/etcdserver"
)

const (
	// minFiles is the limit of open files below which etcd has none left for clients.
	minFiles = 151
	// closeLimit bounds a stop, so that a disk that hangs can't hold up the process.
	closeLimit = 4500 * time.Millisecond
)

// Member is one running etcd member. Its methods may be called from any goroutine.
type Member struct {
	etcd    *embed.Etcd
	forward *forward
	folder  *folder
	stage   *stage
	failed  chan error
	cancel  context.CancelFunc // ends the tasks
	tasks   sync.WaitGroup
	close   func() error
}

// Start starts a member and returns when it can serve: it has joined its cluster and the cluster has a leader.
// It waits for that until ctx is done. After an error nothing runs and what Start had created is gone. Errors
// name the setting at fault, as in `data-dir "/x": locked by another process`, which wraps [ErrLocked]. One
// thing may stay behind: when etcd finds its own files damaged, those it had opened are only closed with the
// process.
func Start(ctx context.Context, c Config) (*Member, error) {
	c = c.withDefaults()
	if limit, err := runtimeutil.FDLimit(); err == nil && limit < minFiles {
		return nil, fmt.Errorf("open files: limited to %d, at least %d are needed: see `ulimit -n`", limit, minFiles)
	}
	f, err := openFolder(c.DataDir)
	if err != nil {
		return nil, err
	}
	m := &Member{folder: f, stage: &stage{}, failed: make(chan error, 1)}
	if err := m.start(ctx, c); err != nil {
		f.undo()
		return nil, fmt.Errorf("starting etcd on data-dir %q: %w", c.DataDir, err)
	}
	m.attend(c)
	return m, nil
}

func (m *Member) start(ctx context.Context, c Config) error {
	cfg, err := c.etcd()
	if err != nil {
		return err
	}
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(newZap(c.Logger, m.stage))
	peers, err := peerTLS(cfg.PeerTLSInfo)
	if err != nil {
		return err
	}
	if m.etcd, err = launch(cfg); err != nil {
		return err
	}
	m.forward = newForward(m.etcd.Server, peers)
	m.stage.Store(running)
	if !c.Cluster.alone() {
		m.folder.keep() // it may have voted: a member that forgets that could vote twice
	}
	if err := awaitReady(ctx, m.etcd); err != nil {
		m.stage.Store(stopping)
		m.etcd.Server.HardStop() // etcd's Close waits for a member to be ready before it stops it
		m.etcd.Close()
		return err
	}
	return nil
}

// launch turns into errors the panics with which etcd meets a damaged data folder.
func launch(cfg *embed.Config) (e *embed.Etcd, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, err = nil, fmt.Errorf("%v", r)
		}
	}()
	return embed.StartEtcd(cfg)
}

func awaitReady(ctx context.Context, e *embed.Etcd) error {
	select {
	case <-e.Server.ReadyNotify():
		return nil
	case <-e.Server.StopNotify():
		return errors.New("the member stopped by itself")
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attend starts what runs beside the member until it is closed.
func (m *Member) attend(c Config) {
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.close = sync.OnceValue(m.stop)
	k := &compactor{server: m.etcd.Server, history: history{age: c.HistoryAge}, log: c.Logger}
	r := &roomMaker{server: m.etcd.Server, quota: c.QuotaBytes, log: c.Logger}
	m.tasks.Go(func() { k.run(ctx) })
	m.tasks.Go(func() { r.run(ctx, round(c.HistoryAge)/2) })
	m.tasks.Go(func() { m.watch(ctx) })
}

func (m *Member) watch(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-m.etcd.Server.StopNotify():
		m.failed <- errors.New("the etcd member stopped by itself: see its last warning")
	}
}

// Server is the member's etcd server, for etcd's own services on the gateway's port. Stop what is built on it
// before Close.
func (m *Member) Server() *etcdserver.EtcdServer { return m.etcd.Server }

// Leader returns the id of the leader that the member sees, 0 for none: then there is no quorum, or this member is cut off
// from it. A member that is cut off, the leader too, sees none within two election timeouts.
func (m *Member) Leader() uint64 { return uint64(m.etcd.Server.Leader()) }

// HandOver makes another member the leader, if this one is it and there is another, and returns once it has seen that.
func (m *Member) HandOver(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- m.etcd.Server.TryTransferLeadershipOnShutdown() }() // ends with the server, at the latest
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("handing the leadership over: %w", err)
	}
	return nil
}

// Failed gets one error when the member dies by itself, as it does when it is removed from its cluster. After
// that it must still be closed. Nothing comes after Close was called.
func (m *Member) Failed() <-chan error { return m.failed }

// Close stops the member within 5 seconds, also while callers wait in it; they get an error. Closing again
// answers the same. An error says that the member still holds its data folder. A leader should hand over before: the
// others miss it only after an election timeout.
func (m *Member) Close() error { return m.close() }

func (m *Member) stop() error {
	m.stage.Store(stopping)
	m.cancel()
	m.forward.close()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		m.tasks.Wait()
		m.etcd.Server.HardStop() // or Close would try to hand over, for up to seven seconds
		m.etcd.Close()
	}()
	select {
	case <-stopped:
		return m.folder.unlock()
	case <-time.After(closeLimit):
		return fmt.Errorf("stopping etcd: still running after %v", closeLimit)
	}
}
