package tests_test

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/server/v3/etcdserver/api/v3lock/v3lockpb"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// contender is one of those who want the lock cp/lock/<name>.
type contender struct {
	kind    string
	foreign bool
	held    *pending[grip] // answered once it holds
	release func() error   // only then
}

// grip is what a contender knows of its hold.
type grip struct {
	key   string
	fence int64 // 0 where this kind is not told
}

// kinds are the ways to lock the lock that we call name. Each begins to wait and returns at once.
var kinds = map[string]func(r *rig, name string) *contender{
	"cpgate":  contendWithCpgate,
	"mutex":   contendWithMutex,
	"v3lock":  contendWithV3Lock,
	"etcdctl": contendWithEtcdctl,
}

const contenderTTL = 60 // seconds

func contendWithCpgate(r *rig, name string) *contender {
	id := r.session(contenderTTL)
	ctx := r.soon()
	return &contender{
		kind: "cpgate",
		held: begin(func() (grip, error) {
			a, err := r.Lock(ctx, &cpgatev1.LockRequest{Name: name, SessionId: id})
			return grip{key: "cp/lock/" + name + "/" + id, fence: a.GetFence()}, err
		}),
		release: func() error {
			_, err := r.Unlock(ctx, &cpgatev1.UnlockRequest{Name: name, SessionId: id})
			return err
		},
	}
}

// contendWithMutex is what a Go program does with etcd's own client.
func contendWithMutex(r *rig, name string) *contender {
	s := must(concurrency.NewSession(r.etcd, concurrency.WithTTL(contenderTTL)))(r.T)
	r.Cleanup(func() { _ = s.Close() })
	m := concurrency.NewMutex(s, "cp/lock/"+name)
	ctx := r.soon()
	return &contender{
		kind: "mutex", foreign: true,
		held:    begin(func() (grip, error) { err := m.Lock(ctx); return grip{key: m.Key()}, err }),
		release: func() error { return m.Unlock(ctx) },
	}
}

func contendWithV3Lock(r *rig, name string) *contender {
	ctx := r.soon()
	lease := must(r.etcd.Grant(ctx, contenderTTL))(r.T)
	v3lock := v3lockpb.NewLockClient(r.etcd.ActiveConnection())
	var key []byte
	return &contender{
		kind: "v3lock", foreign: true,
		held: begin(func() (grip, error) {
			a, err := v3lock.Lock(ctx, &v3lockpb.LockRequest{Name: []byte("cp/lock/" + name), Lease: int64(lease.ID)})
			key = a.GetKey()
			return grip{key: string(key)}, err
		}),
		release: func() error {
			_, err := v3lock.Unlock(ctx, &v3lockpb.UnlockRequest{Key: key})
			_, gone := r.etcd.Revoke(ctx, lease.ID)
			return errors.Join(err, gone)
		},
	}
}

// contendWithEtcdctl runs a command under `etcdctl lock` that ends when a file is removed: should the test end
// before, the file goes with the test's folder.
func contendWithEtcdctl(r *rig, name string) *contender {
	stay := filepath.Join(r.TempDir(), "stay")
	if err := os.WriteFile(stay, nil, 0o600); err != nil {
		r.Fatal(err)
	}
	const script = `echo "$ETCD_LOCK_KEY"; while test -e "$0"; do sleep 0.02; done`
	c := r.etcdctlCommand("lock", "--", "cp/lock/"+name, "sh", "-c", script, stay)
	out := must(c.StdoutPipe())(r.T)
	c.Stderr = r.Output()
	if err := c.Start(); err != nil {
		r.Fatal(err)
	}
	ended := make(chan error, 1)
	held := begin(func() (grip, error) {
		key, err := bufio.NewReader(out).ReadString('\n')
		go func() { ended <- c.Wait() }()
		return grip{key: strings.TrimSpace(key)}, err
	})
	return &contender{
		kind: "etcdctl", foreign: true, held: held,
		release: func() error { return errors.Join(os.Remove(stay), <-ended) },
	}
}
