package tests_test

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// room is what a lock protects: it knows who is inside, and refuses a second one (L1) and a fence that is not above
// all before it (L2).
type room struct {
	mu     sync.Mutex
	inside string
	last   int64
}

func (r *room) enter(who string, fence int64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.inside != "":
		return fmt.Errorf("%s came in under fence %d while %s was inside under %d", who, fence, r.inside, r.last)
	case fence <= r.last:
		return fmt.Errorf("%s came in under fence %d after %d", who, fence, r.last)
	}
	r.inside, r.last = who, fence
	return nil
}

func (r *room) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inside = ""
}

// visit enters, stays for long enough to be met by others, and leaves.
func (r *room) visit(t *testing.T, who string, fence int64) {
	t.Helper()
	if err := r.enter(who, fence); err != nil {
		t.Error(err)
		return
	}
	time.Sleep(2 * time.Millisecond)
	r.leave()
}
