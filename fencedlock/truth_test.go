package fencedlock_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// seat is one ticket as etcd has it, read without any of the product's code.
type seat struct {
	key      string // below the line
	fence    int64
	mod      int64
	requests []string
}

func (s seat) has(request string) bool { return slices.Contains(s.requests, request) }

// seats returns a lock's tickets in order.
func (w *world) seats(name string) (all []seat) {
	w.t.Helper()
	line := w.prefix + "lock/" + name + "/"
	for _, k := range w.keys(line) {
		var v struct{ Holds []struct{ Request string } }
		_ = json.Unmarshal(k.Value, &v)
		s := seat{key: strings.TrimPrefix(string(k.Key), line), fence: k.CreateRevision, mod: k.ModRevision}
		for _, h := range v.Holds {
			s.requests = append(s.requests, h.Request)
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b seat) int { return cmp.Compare(a.fence, b.fence) })
	return all
}

func (w *world) keys(prefix string) []*mvccpb.KeyValue {
	w.t.Helper()
	r, err := w.etcd.Get(w.t.Context(), prefix, clientv3.WithPrefix())
	if err != nil {
		w.t.Fatal(err)
	}
	return r.Kvs
}

// left returns the keys of this world below none of the given parts of it.
func (w *world) left(but ...string) (found []string) {
	w.t.Helper()
	for _, k := range w.keys(w.prefix) {
		key := strings.TrimPrefix(string(k.Key), w.prefix)
		if !slices.ContainsFunc(but, func(p string) bool { return strings.HasPrefix(key, p) }) {
			found = append(found, key)
		}
	}
	return found
}

func (w *world) dump() (all []string) {
	w.t.Helper()
	for _, k := range w.keys(w.prefix) {
		all = append(all, fmt.Sprintf("%s = %s (lease %x, created %d)", k.Key, k.Value, k.Lease, k.CreateRevision))
	}
	return all
}

// inLine waits until the request is in the lock's line.
func (w *world) inLine(name, request string) {
	w.t.Helper()
	w.eventually(request+" is in line", func() bool {
		return slices.ContainsFunc(w.seats(name), func(s seat) bool { return s.has(request) })
	})
}

// gone waits until the request is not in the lock's line.
func (w *world) gone(name, request string) {
	w.t.Helper()
	w.eventually(request+" is not in line", func() bool {
		return !slices.ContainsFunc(w.seats(name), func(s seat) bool { return s.has(request) })
	})
}

func (w *world) put(key, value string, opts ...clientv3.OpOption) {
	w.t.Helper()
	if _, err := w.etcd.Put(w.t.Context(), w.prefix+key, value, opts...); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(key string) {
	w.t.Helper()
	if _, err := w.etcd.Delete(w.t.Context(), w.prefix+key); err != nil {
		w.t.Fatal(err)
	}
}
