package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// users are the rights of those who have called since users and roles last changed.
type users struct {
	mu       sync.Mutex
	revision uint64             // of the users and roles
	rights   map[string]*rights // by user; nil for somebody who is none
}

// at returns what is known of a user, if that is of the given revision or a later one.
func (u *users) at(revision uint64, name string) (r *rights, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.revision < revision {
		return nil, false
	}
	r, ok = u.rights[name]
	return r, ok
}

func (u *users) note(revision uint64, name string, r *rights) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if revision < u.revision {
		return
	}
	if revision > u.revision || u.rights == nil {
		u.revision, u.rights = revision, map[string]*rights{}
	}
	u.rights[name] = r
}

// rightsOf returns the rights that a user had at the given revision, or has since; nil for somebody who is no user.
func (c *control) rightsOf(ctx context.Context, name string, revision uint64) (*rights, error) {
	for {
		if r, ok := c.users.at(revision, name); ok {
			return r, nil
		}
		settle := func() error { return c.settle(name) }
		if err := share(ctx, &c.reading, fmt.Sprint(revision, " ", name), settle); err != nil {
			return nil, fmt.Errorf("reading the rights of %q: %w", name, err)
		}
	}
}

// settle reads a user and its roles, again if anything has changed meanwhile: what never was true at one moment might be
// more than was ever granted.
func (c *control) settle(name string) error {
	ctx, cancel := context.WithTimeout(c.ctx, longest)
	defer cancel()
	before, err := c.since(ctx, time.Time{})
	for err == nil {
		var r *rights
		if r, err = c.read(ctx, name); err != nil {
			return err
		}
		was := before.revision
		if before, err = c.since(ctx, time.Now()); err == nil && before.revision == was {
			c.users.note(was, name, r)
			return nil
		}
	}
	return err
}

// read asks for a user and all its roles. The node's own user is allowed to by the role root.
func (c *control) read(ctx context.Context, name string) (r *rights, err error) {
	err = c.persist(ctx, func(ctx context.Context) error {
		u, err := c.cluster.client.UserGet(ctx, name)
		if errors.Is(err, rpctypes.ErrUserNotFound) {
			r = nil
			return nil
		}
		if err != nil {
			return err
		}
		r = newRights(u.Roles)
		return c.readRoles(ctx, u.Roles, r)
	})
	if errors.Is(err, rpctypes.ErrPermissionDenied) {
		err = fmt.Errorf("this node's own user, %q, needs the role %s: %w", c.cluster.config.User, rootRole, err)
	}
	return r, err
}

func (c *control) readRoles(ctx context.Context, roles []string, into *rights) error {
	for _, name := range roles {
		if name == rootRole {
			continue
		}
		switch a, err := c.cluster.client.RoleGet(ctx, name); {
		case err == nil:
			into.grant(a.Perm)
		case !errors.Is(err, rpctypes.ErrRoleNotFound): // one that has gone gives nothing
			return err
		}
	}
	return nil
}
