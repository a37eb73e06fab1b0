package store_test

import (
	"context"
	"errors"
	"testing"

	"github.com/cpgate/cpgate/internal/kv"
	"github.com/cpgate/cpgate/internal/mirror"
)

// writes is a call that commits one write to x, and is done.
func writes(e *etcd, op kv.Op) *call {
	return &call{keys: []string{e.key("x")}, next: steps(kv.Commit(kv.Txn{Then: []kv.Op{op}}), kv.Done)}
}

// looks is a call that says what x is where it first looks.
func looks(e *etcd, value *string) *call {
	c := &call{keys: []string{e.key("x")}}
	c.next = func(v mirror.View) kv.Step {
		*value = e.value(v, "x")
		return kv.Done
	}
	return c
}

func TestACallerThatComesBackAtOnceSeesItsOwnLastCall(t *testing.T) {
	t.Parallel()
	e := on(t, shared)
	s := e.open(t)
	for range 40 {
		for _, c := range []struct {
			op   kv.Op
			want string
		}{{kv.Put(e.key("x"), []byte("1"), 0), "1"}, {kv.Put(e.key("x"), []byte("2"), 0), "2"}, {kv.Delete(e.key("x")), ""}} {
			var got string
			if err := errors.Join(s.Run(t.Context(), writes(e, c.op), nil), s.Run(t.Context(), looks(e, &got), nil)); err != nil {
				t.Fatal(err)
			}
			if got != c.want {
				t.Fatalf("x is %q in the first look behind a call that made it %q", got, c.want)
			}
		}
	}
}

func TestOnlyACallOnTheSameKeyWaitsForALateMirror(t *testing.T) {
	t.Parallel()
	e, w := on(t, shared), &heldWatch{}
	w.close()
	s := e.open(t, w.on)
	if err := s.Run(t.Context(), writes(e, kv.Put(e.key("x"), []byte("1"), 0)), nil); err != nil {
		t.Fatal(err)
	}
	var got string
	same := looks(e, &got)
	done := run(t.Context(), s, same, nil)
	ctx, leave := context.WithCancel(t.Context())
	left := run(ctx, s, looks(e, new(string)), nil)

	other := &call{keys: []string{e.key("y")}, next: steps(kv.Done)}
	if err := s.Run(t.Context(), other, nil); err != nil {
		t.Error(err)
	}
	leave()
	if err := receive(t, left, "end"); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that left while the mirror was late: %v", err)
	}
	if same.asked() != 0 {
		t.Error("a call on the same key looked at a mirror without its caller's last write")
	}
	w.open()
	if err := receive(t, done, "end"); err != nil || got != "1" {
		t.Errorf("x is %q, %v", got, err)
	}
}
