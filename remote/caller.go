package remote

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/cpgate/cpgate/internal/access"
)

// caller is a user who makes one call.
type caller struct {
	control *control
	ctx     context.Context // of the call
	began   time.Time
	shown   shown
	user    string
}

func (k *caller) Name() string { return k.user }

func (k *caller) MayRead(q access.Range) error {
	return k.may(func(r *rights) bool { return r.mayRead(q) })
}

func (k *caller) MayWrite(q access.Range) error {
	return k.may(func(r *rights) bool { return r.mayWrite(q) })
}

func (k *caller) IsRoot() error {
	return k.may(func(r *rights) bool { return r.root })
}

func (k *caller) may(allowed func(*rights) bool) error {
	return k.decide(func(s authStatus, t time.Time) error {
		if !s.on {
			return nil
		}
		switch _, r, err := k.known(s, t); {
		case err != nil:
			return err
		case !allowed(r):
			return access.ErrDenied
		}
		return nil
	})
}

// decide lets look go by what etcd said since some time, in the last second. A no has to hold by what it says after the
// call began as well (X3), so who was just given a right can use it at once.
func (k *caller) decide(look func(authStatus, time.Time) error) error {
	lately := time.Now().Add(-fresh)
	known, err := k.control.since(k.ctx, lately)
	if err != nil {
		return err
	}
	no := look(known, lately)
	if !errors.Is(no, access.ErrDenied) && !errors.Is(no, access.ErrUnauthenticated) {
		return no
	}
	now, err := k.control.since(k.ctx, k.began)
	if err != nil {
		return err
	}
	if now.on == known.on && now.revision == known.revision {
		return no
	}
	return look(now, k.began)
}

// known returns who the caller is, and may what, by what etcd said since t.
func (k *caller) known(s authStatus, t time.Time) (user string, r *rights, err error) {
	user = k.shown.name
	if k.shown.byToken {
		if user, err = k.control.whose(k.ctx, k.shown.token, s); err != nil {
			return "", nil, err
		}
	}
	if user == "" {
		return "", nil, unauthenticated(errNoCredentials)
	}
	r, err = k.control.rightsOf(k.ctx, user, s.revision, t)
	if err == nil && r == nil {
		err = unauthenticated(rpctypes.ErrUserNotFound)
	}
	return user, r, err
}
