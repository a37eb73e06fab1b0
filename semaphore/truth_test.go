package semaphore_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/internal/keys"
)

// seat is one ticket as etcd has it, read without any of the product's code.
type seat struct {
	key     string // below the line
	created int64
	mod     int64
	permits int64
	by      string
}

// request is the request id of the ticket, where it needs no escape.
func (s seat) request() string {
	_, request, _ := strings.Cut(s.key, ".")
	return request
}

// seats returns a semaphore's tickets in order.
func (w *world) seats(n keys.Name) (all []seat) {
	w.t.Helper()
	line := w.prefix + "semaphore/" + string(n) + "/"
	for _, k := range w.keys(line) {
		var v struct {
			Permits int64
			By      string
		}
		_ = json.Unmarshal(k.Value, &v)
		all = append(all, seat{strings.TrimPrefix(string(k.Key), line), k.CreateRevision, k.ModRevision, v.Permits, v.By})
	}
	slices.SortFunc(all, func(a, b seat) int { return cmp.Or(cmp.Compare(a.created, b.created), cmp.Compare(a.key, b.key)) })
	return all
}

// seat returns the ticket of the request, the zero one when there is none.
func (w *world) seat(n keys.Name, request string) seat {
	w.t.Helper()
	for _, s := range w.seats(n) {
		if s.request() == request {
			return s
		}
	}
	return seat{}
}

// inLine returns the requests in line, in order.
func (w *world) inLine() (all []string) {
	w.t.Helper()
	for _, s := range w.seats(pool) {
		all = append(all, s.request())
	}
	return all
}

// gone waits until the request is not in the pool's line.
func (w *world) gone(request string) {
	w.t.Helper()
	w.eventually(request+" is not in line", func() bool { return w.seat(pool, request) == seat{} })
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
