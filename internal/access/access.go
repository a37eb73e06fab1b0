// Package access has the terms in which callers are known and their rights are asked for: etcd's users, who have roles,
// which have permissions to read and to write ranges of keys. Who knows them is the etcd that a node runs on.
package access

import (
	"context"
	"errors"
)

var (
	// ErrUnauthenticated means that a call says not who makes it, or says so with what etcd does not know (any more).
	ErrUnauthenticated = errors.New("unauthenticated")
	// ErrDenied means that the caller has no right to this. It tells nothing about what is there.
	ErrDenied = errors.New("permission denied")
	// ErrNotEnabled means that there is no access control, so nobody to log in as.
	ErrNotEnabled = errors.New("access control is not enabled")
)

// Control is the access control of a cluster.
type Control interface {
	// Caller returns who makes the call of ctx, by the token in its incoming metadata or else the name in its client's
	// verified certificate; nil where there is no access control. The error is ErrUnauthenticated, or says that etcd
	// did not answer.
	Caller(ctx context.Context) (Caller, error)
	// Login trades a password for a token. The error is ErrUnauthenticated, ErrNotEnabled, or says that etcd did not answer.
	Login(ctx context.Context, user, password string) (token string, err error)
}

// Caller is a user who makes a call. The error of its methods is ErrDenied, ErrUnauthenticated when what the user was known
// by has just become too old, or says that etcd did not answer.
type Caller interface {
	Name() string
	// MayRead returns nil for a user who may read every key of the range.
	MayRead(r Range) error
	// MayWrite returns nil for a user who may put and delete every key of the range.
	MayWrite(r Range) error
	// IsRoot returns nil for a user with the role root.
	IsRoot() error
}

// Range is the keys from From up to To and without it; where To is empty, From alone.
type Range struct{ From, To string }
