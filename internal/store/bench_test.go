package store_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/store"
)

// BenchmarkCommit measures a put and a deletion, each a transaction, of a key of the caller's own.
func BenchmarkCommit(b *testing.B) {
	for _, callers := range []int{1, 64, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			e := on(b, shared)
			s := e.open(b)
			b.ReportAllocs()
			b.ResetTimer()
			var all sync.WaitGroup
			for n := range callers {
				all.Go(func() {
					for i := n; i < b.N; i += callers {
						e.cycle(b, s, fmt.Sprint("own/", n))
					}
				})
			}
			all.Wait()
		})
	}
}

// cycle puts a key, as a lock does its ticket, and deletes it.
func (e *etcd) cycle(t testing.TB, s *store.Store, name string) {
	key := e.key(name)
	put, err := s.Commit(kv.Txn{
		If:   []kv.Compare{kv.Absent(e.key("marker")), kv.Absent(key), kv.Empty(key + "/")},
		Then: []kv.Op{kv.Put(key, make([]byte, 100), 0)},
	})
	if err != nil || !put.Succeeded {
		t.Errorf("put: %+v, %v", put, err)
		return
	}
	gone, err := s.Commit(kv.Txn{
		If:   []kv.Compare{kv.Absent(e.key("marker")), {Key: key, Target: kv.Mod, Is: kv.Equal, Rev: put.Revision}},
		Then: []kv.Op{kv.Delete(key)},
	})
	if err != nil || !gone.Succeeded || gone.Revision <= put.Revision {
		t.Errorf("deleted: %+v, %v", gone, err)
	}
}
