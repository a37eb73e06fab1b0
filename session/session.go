// Package session keeps the sessions that hold locks and wait for them.
//
// A session is an etcd lease with a marker key attached to it; the session's id is the lease's id. Whatever the
// session holds or waits for is a key on the same lease, so that closing it, or its expiry, frees everything in
// one atomic step (X1). This is the only package that knows of leases.
//
// A session never expires before its deadline: an answer's ValidFor is the TTL less the time since the gateway
// sent the last renewal that etcd confirmed. A change of etcd's leader may prolong a session by up to its TTL
// and an election timeout, and never shortens it.
package session

import (
	"errors"
	"time"
)

// Bounds of a session's TTL, in seconds. The lower one is etcd's: one and a half election timeouts, rounded up.
const (
	MinTTLSeconds = 2
	MaxTTLSeconds = 7 * 24 * 3600
)

// ErrExpired means that the session is unknown, has expired or was closed: all it held is free.
var ErrExpired = errors.New("session unknown, expired or closed")

// Opening asks for a session.
type Opening struct {
	TTLSeconds    int32  // 2 to 604800; 0 for the configured default
	Name          string // a label for people
	RequestID     string // repeated, it answers the same session
	User          string // who opens it
	ClientAddress string // where from
}

// Beat is what a session was found to be when it was opened or renewed.
type Beat struct {
	ID       ID
	TTL      time.Duration
	ValidFor time.Duration // counted from when the question was sent, the time in which it can't expire
	Expired  bool          // unknown, expired or closed: the rest is zero
}

// Session is a session as its marker describes it.
type Session struct {
	ID            ID
	Name          string
	User          string
	TTL           time.Duration
	Created       time.Time
	ClientAddress string
	Tickets       int // holds and waits
}
