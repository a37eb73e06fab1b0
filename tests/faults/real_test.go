package faults

import (
	"context"
	"io"
	"testing"
	"time"
)

// A fault that does nothing would be survived by everything: here is what each way of doing harm does to whom it hits.
func TestKinds_DoTheHarmThatTheySay(t *testing.T) {
	t.Parallel()
	c := Start(t, 3, WithDisks())
	ctx, cancel := context.WithTimeout(t.Context(), 4*Soon)
	defer cancel()
	await := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(Soon / 2); !ok(); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("waited in vain for %s", what)
				return
			}
		}
	}
	// during gives the leader before, and the fault to heal.
	during := func(k Kind, look func(leader *Member)) {
		t.Helper()
		i, err := c.Leader(ctx)
		if err != nil {
			t.Fatal(err)
		}
		f := c.Fault(k, 1)
		if err := f.Inject(ctx); err != nil {
			t.Fatal(err)
		}
		look(c.members[i])
		if err := f.Heal(ctx); err != nil {
			t.Fatal(err)
		}
	}
	deposed := func(m *Member) {
		await("another leader", func() bool { i := c.leads(ctx); return i >= 0 && i != m.index })
	}
	alone := func(m *Member) {
		deposed(m)
		await("the one that is cut off to say so", func() bool { return m.ask(ctx, "/readyz", nothing) != nil })
	}
	during(IsolateLeader, alone)
	during(MuteLeader, deposed)
	during(DeafenLeader, deposed)
	during(PauseLeader, deposed)
	during(KillLeader, func(m *Member) {
		if m.Running() {
			t.Error("the leader that was killed runs")
		}
		deposed(m)
	})
	during(Shatter, func(*Member) {
		await("no leader", func() bool { return c.leads(ctx) < 0 })
	})
	during(SlowDisk, func(m *Member) {
		before, err := syncTime(ctx, m)
		if err != nil {
			t.Fatal(err)
		}
		await("a second of syncs", func() bool {
			_ = m.write(ctx, 1)
			now, err := syncTime(ctx, m)
			return err == nil && now > before+1
		})
	})
	f := c.Fault(FullDisk, 1)
	if err := f.Inject(ctx); err != nil {
		t.Fatal(err)
	}
	await("a member to end because its disk is full", func() bool {
		for _, m := range c.members {
			if !m.Running() {
				return true
			}
			one, cancel := context.WithTimeout(ctx, time.Second)
			_ = m.write(one, 1)
			cancel()
		}
		return false
	})
	if err := f.Heal(ctx); err != nil {
		t.Error(err)
	}
}

// syncTime is how many seconds the member has waited for syncs of its log.
func syncTime(ctx context.Context, m *Member) (seconds float64, err error) {
	err = m.ask(ctx, "/metrics", func(page io.Reader) error {
		seconds, err = sum(page, "etcd_disk_wal_fsync_duration_seconds_sum")
		return err
	})
	return seconds, err
}
