package main

import (
	"context"
	"slices"
	"time"

	"github.com/cpgate/cpgate/internal/bench"
)

// system is something that is measured.
type system struct {
	name  string // for -systems
	title string // for readers
	// built makes its programs, or tells why it can't be had on this machine.
	build func(ctx context.Context, to *tools) error
	// versions tells which it is.
	version func(ctx context.Context, from tools) (string, error)
	// start starts so many members of it, which serve when it returns.
	start func(ctx context.Context, from tools, members int, dir string) (*cluster, error)
	// work is what its callers do in each kind of workload that it has.
	work map[kind]func(ctx context.Context, t task) (bench.Work, error)
	// hold measures locks that are only held; nil where that is not asked of it.
	hold func(ctx context.Context, from tools, c *cluster, w workload, dir string) (*holding, error)
	// warm is set where servers get fast only by and by: they are kept for a whole round, worked with for so long before,
	// and stopped by a signal while others are measured.
	warm time.Duration
	// only names the workloads that it is measured in, where that is not all that it could.
	only []string
	// clustered is set where it is measured with several members too.
	clustered bool
}

func (s *system) id() string { return s.name }

// does reports whether it is measured in a workload.
func (s *system) does(w workload) bool {
	can := s.work[w.kind] != nil || w.kind == heldLocks && s.hold != nil
	return can && (w.members == 1 || s.clustered) &&
		(len(s.only) == 0 || slices.Contains(s.only, w.name))
}

// systems are all, in the order of the tables.
var systems = []*system{cpgateStream, cpgateUnary, etcdMutex, etcdLockService, etcdLeases, etcdPut, zookeeper, redisLock}

func systemNamed(name string) *system {
	i := slices.IndexFunc(systems, func(s *system) bool { return s.name == name })
	return systems[i]
}

// tools are the programs, by the paths at which they were built or found.
type tools struct {
	repo   string // cpgate's source
	dir    string // where to build
	cpgate string
	etcd   string
	java   string
	redis  string
}
