package tests_test

import (
	"bytes"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// etcdctlCommand is etcdctl about to run against the node.
func (r *rig) etcdctlCommand(args ...string) *exec.Cmd {
	r.Helper()
	c := exec.CommandContext(r.soon(), buildEtcdctl().orFail(r.T), append([]string{"--endpoints", r.addr}, args...)...)
	isOption := func(v string) bool { return strings.HasPrefix(v, "ETCDCTL_") }
	c.Env = slices.DeleteFunc(os.Environ(), isOption)
	c.WaitDelay = time.Second
	return c
}

// etcdctl runs etcdctl, which must succeed, and returns what it said.
func (r *rig) etcdctl(args ...string) string {
	r.Helper()
	c := r.etcdctlCommand(args...)
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		r.Fatalf("etcdctl %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return strings.TrimSpace(string(out))
}

// keys are the keys that start with prefix, in their order.
func (r *rig) keys(prefix string) []*mvccpb.KeyValue {
	r.Helper()
	return must(r.etcd.Get(r.soon(), prefix, clientv3.WithPrefix()))(r.T).Kvs
}
