package store

import (
	"context"
	"maps"

	"github.com/cpgate/cpgate/internal/kv"
)

// A commit is answered a moment before the mirror shows it. A caller that comes back at once through the same gateway
// would look at what was before its own last call, and propose what must fail. So what this gateway has written and
// its mirror has not yet seen is kept, key by key.

// wrote notes what a transaction of this gateway wrote at revision rev.
func (s *Store) wrote(ops []kv.Op, rev kv.Revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mirror.Revision() >= rev {
		return
	}
	for _, o := range ops {
		if o.Prefix {
			continue
		}
		s.unseen[o.Key] = rev
	}
}

// noticed forgets a key that the mirror now shows as it is at its revision. It needs s.mu.
func (s *Store) noticed(key string) {
	if rev, ok := s.unseen[key]; ok && rev <= s.mirror.Revision() {
		delete(s.unseen, key)
	}
}

// noticedAll forgets whatever the mirror has come behind: read anew, it tells only of what is different. It needs s.mu.
func (s *Store) noticedAll() {
	maps.DeleteFunc(s.unseen, func(_ string, rev kv.Revision) bool { return rev <= s.mirror.Revision() })
}

// seeOwn returns when the mirror shows what this gateway has written to the keys.
func (s *Store) seeOwn(ctx context.Context, keys []string) error {
	var rev kv.Revision
	s.mu.RLock()
	for _, k := range keys {
		rev = max(rev, s.unseen[k])
	}
	s.mu.RUnlock()
	return s.see(ctx, rev)
}
