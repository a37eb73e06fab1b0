package semaphore_test

import (
	"strings"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// history is all that etcd tells of the pool, from the moment on at which it begins to listen.
type history struct {
	w    *world
	mu   sync.Mutex
	log  []event
	done chan struct{} // closed when the last event is in
}

// event is what happened to one key.
type event struct {
	rev     int64
	key     string // below the world's prefix
	created int64  // 0 when it was deleted
	value   []byte
}

const lastWord = "end" // the key that ends a history

// listen begins a history. Nobody may have touched the pool yet.
func (w *world) listen() *history {
	h := &history{w: w, done: make(chan struct{})}
	ready := make(chan struct{})
	go func() {
		defer close(h.done)
		begun := sync.OnceFunc(func() { close(ready) })
		for r := range w.etcd.Watch(w.t.Context(), w.prefix, clientv3.WithPrefix(), clientv3.WithCreatedNotify()) {
			begun()
			if h.note(r.Events) {
				return
			}
		}
	}()
	<-ready
	return h
}

func (h *history) note(events []*clientv3.Event) (last bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range events {
		key := strings.TrimPrefix(string(e.Kv.Key), h.w.prefix)
		if strings.HasPrefix(key, "semaphore/pool") {
			h.log = append(h.log, event{e.Kv.ModRevision, key, e.Kv.CreateRevision, e.Kv.Value})
		}
		last = last || key == lastWord
	}
	return last
}

// end returns the whole history, by revision, once all that happened is in it.
func (h *history) end() (all [][]event) {
	h.w.put(lastWord, "")
	<-h.done
	for _, e := range h.log {
		if n := len(all); n > 0 && all[n-1][0].rev == e.rev {
			all[n-1] = append(all[n-1], e)
		} else {
			all = append(all, []event{e})
		}
	}
	return all
}

// revision returns the revision of etcd. It may just be making the next one: watchers hear of it a moment before it can be
// read, and so may who is told something by a gateway that watches.
func (w *world) revision() int64 {
	r, err := w.etcd.Get(w.t.Context(), lastWord, clientv3.WithSerializable())
	if err != nil {
		w.t.Error(err)
		return 0
	}
	return r.Header.Revision
}
