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
	if r, ok := c.users.at(revision, name); ok {
		return r, nil
	}
	r, err := share(ctx, &c.reading, fmt.Sprint(revision, " ", name), func() (*rights, error) { return c.settle(name) })
	if err != nil {
		return nil, fmt.Errorf("reading the rights of %q: %w", name, err)
	}
	return r, nil
}

// settle reads a user and its roles until they are of one moment: what never was true together might be more than was ever
// granted. They are if nothing has changed meanwhile; or, where something changes all the time, if they are the same twice.
func (c *control) settle(name string) (*rights, error) {
	ctx, cancel := context.WithTimeout(c.ctx, longest)
	defer cancel()
	before, err := c.since(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	var last *grants
	for again := false; ; again = true {
		g, err := c.read(ctx, name)
		if err != nil {
			return nil, err
		}
		after, err := c.since(ctx, time.Now())
		if err != nil {
			return nil, err
		}
		if after.revision == before.revision || again && g.equal(last) {
			r := g.rights()
			c.users.note(before.revision, name, r)
			return r, nil
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
