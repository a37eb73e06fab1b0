package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Kind is one sort of fault.
type Kind struct {
	// Name is what the tests and reports call it.
	Name string
	// NoMajority is set for a fault during which there is no majority: calls then wait, or end with UNAVAILABLE.
	NoMajority bool
	// NeedsDisks is set for a fault that takes a cluster started WithDisks.
	NeedsDisks bool
	// Least is the smallest cluster for it; 0 stands for 3.
	Least int

	lasts time.Duration // between injection and healing, when Run does both
	// inject does the harm and tells how to heal it. What it has done before it failed it heals itself.
	inject func(ctx context.Context, s *scene) (heal func(ctx context.Context) error, err error)
}

func (k Kind) String() string { return k.Name }

// scene is where a fault plays.
type scene struct {
	*Cluster
	rand *rand.Rand
}

// Fault is a fault of one kind in one cluster. Whom it hits is chosen when it is injected, from its seed and from who
// leads then.
type Fault struct {
	Kind Kind
	Seed uint64

	c    *Cluster
	heal func(ctx context.Context) error
}

func (f *Fault) String() string { return fmt.Sprintf("%s, seed %d", f.Kind.Name, f.Seed) }

// Fault makes a fault; it does nothing yet.
func (c *Cluster) Fault(k Kind, seed uint64) *Fault { return &Fault{Kind: k, Seed: seed, c: c} }

// Plan makes n faults of these kinds, chosen by the seed. The same seed chooses the same again; what the cluster makes
// of them depends on the machine too.
func (c *Cluster) Plan(seed uint64, n int, kinds ...Kind) (plan []*Fault) {
	r := newRand(seed)
	for range n {
		plan = append(plan, c.Fault(kinds[r.IntN(len(kinds))], r.Uint64()))
	}
	return plan
}

// newRand gives the numbers of a seed.
func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// Inject does the harm. Behind an error there is none.
func (f *Fault) Inject(ctx context.Context) error {
	switch {
	case f.heal != nil:
		return fmt.Errorf("%v has been injected", f)
	case f.Kind.NeedsDisks && !f.c.disks:
		return fmt.Errorf("%v needs a cluster started WithDisks", f)
	case f.c.Len() < max(f.Kind.Least, 3):
		return fmt.Errorf("%v needs %d members", f, max(f.Kind.Least, 3))
	}
	heal, err := f.Kind.inject(ctx, &scene{f.c, newRand(f.Seed)})
	if err != nil {
		return fmt.Errorf("injecting %v: %w", f, err)
	}
	f.heal = heal
	return nil
}

// Heal ends the harm and returns when all members serve again.
func (f *Fault) Heal(ctx context.Context) error {
	if f.heal == nil {
		return nil
	}
	heal := f.heal
	f.heal = nil
	defer func() { f.c.mendedAt = time.Now() }()
	if err := errors.Join(heal(ctx), f.c.AwaitReady(ctx)); err != nil {
		return fmt.Errorf("healing %v: %w", f, err)
	}
	return nil
}

// Run injects the fault, lets it last as long as one of its kind should, and heals it.
func (f *Fault) Run(ctx context.Context) error {
	if err := f.Inject(ctx); err != nil {
		return err
	}
	lasted := pause(ctx, f.Kind.lasts)
	return errors.Join(lasted, f.Heal(context.WithoutCancel(ctx)))
}
