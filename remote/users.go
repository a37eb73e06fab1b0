package remote

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
)

// users are those who have called since users and roles last changed.
type users struct {
	mu       sync.Mutex
	revision uint64 // the last that is noted
	known    map[string]user
}

// user is what somebody may do, true at some moment after asked, and no older than the revision.
type user struct {
	rights   *rights // nil for somebody who is none
	asked    time.Time
	revision uint64
}

// at reports whether u is what it was at the revision, or at t, or has become since.
func (u user) at(revision uint64, t time.Time) bool {
	return u.revision >= revision || !u.asked.Before(t)
}

func (u *users) look(name string) user {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.known[name]
}

func (u *users) note(name string, n user) user {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.known == nil {
		u.known = map[string]user{}
	}
	if n.revision > u.revision {
		u.revision = n.revision
		maps.DeleteFunc(u.known, func(_ string, o user) bool { return n.asked.Sub(o.asked) > fresh })
	}
	u.known[name] = n
	return n
}

// rightsOf returns the rights that a user had at the revision, or at t, or has since; nil for somebody who is no user.
func (c *control) rightsOf(ctx context.Context, name string, revision uint64, t time.Time) (*rights, error) {
	u := c.users.look(name)
	for !u.at(revision, t) {
		var err error
		u, err = share(ctx, &c.reading, fmt.Sprint(revision, " ", name), func() (user, error) { return c.settle(name) })
		if err != nil {
			return nil, fmt.Errorf("reading the rights of %q: %w", name, err)
		}
	}
	return u.rights, nil
}

// settle reads a user and its roles until they are of one moment: what never was true together might be more than was ever
// granted. They are if nothing has changed meanwhile; or, where something changes all the time, if they are the same twice.
func (c *control) settle(name string) (user, error) {
	ctx, cancel := context.WithTimeout(c.ctx, longest)
	defer cancel()
	before, err := c.since(ctx, time.Time{})
	if err != nil {
		return user{}, err
	}
	for last, again := (*grants)(nil), false; ; again = true {
		asked := time.Now()
		g, err := c.read(ctx, name)
		if err != nil {
			return user{}, err
		}
		if again && g.equal(last) {
			return c.users.note(name, user{g.rights(), before.asked, before.revision}), nil
		}
		after, err := c.since(ctx, time.Now())
		if err != nil {
			return user{}, err
		}
		if after.revision == before.revision {
			return c.users.note(name, user{g.rights(), asked, before.revision}), nil
		}
		before, last = after, g
	}
}

// read asks for a user and all its roles; nil for somebody who is no user. The node's own user is allowed to by the role
// root.
func (c *control) read(ctx context.Context, name string) (g *grants, err error) {
	err = c.persist(ctx, func(ctx context.Context) error {
		u, err := c.cluster.client.UserGet(ctx, name)
		if errors.Is(err, rpctypes.ErrUserNotFound) {
			g = nil
			return nil
		}
		if err != nil {
			return err
		}
		g = &grants{roles: u.Roles}
		return c.readRoles(ctx, g)
	})
	if errors.Is(err, rpctypes.ErrPermissionDenied) {
		err = fmt.Errorf("this node's own user, %q, needs the role %s: %w", c.cluster.config.User, rootRole, err)
	}
	return g, err
}

func (c *control) readRoles(ctx context.Context, into *grants) error {
	for _, name := range into.roles {
		if name == rootRole {
			continue
		}
		switch a, err := c.cluster.client.RoleGet(ctx, name); {
		case err == nil:
			into.add(a.Perm)
		case !errors.Is(err, rpctypes.ErrRoleNotFound): // one that has gone gives nothing
			return err
		}
	}
	return nil
}
