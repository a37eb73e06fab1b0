package tests_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// rounds locks and unlocks all of some locks a few times, and returns the first and the last fence.
func (r *rig) rounds(session string) (first, last int64) {
	r.Helper()
	const names, times = 5, 20
	for i := range names * times {
		q := &cpgatev1.LockRequest{Name: fmt.Sprint("lock-", i%names), SessionId: session}
		last = r.hold(q).GetFence()
		if i == 0 {
			first = last
		}
		r.unlock(&cpgatev1.UnlockRequest{Name: q.GetName(), SessionId: session, Fence: last})
	}
	return first, last
}

// A cluster, of one or of three, that begins from a snapshot goes on above all fences that were ever given out, also by
// those who went on without it (R2). Who held in the snapshot still holds, under the same fence.
func TestSnapshot_FencesRiseInAClusterRestoredFromOne(t *testing.T) {
	t.Parallel()
	p := runProgram(t)
	r := serving(t, p.addr)
	holder := r.session(0)
	held := r.hold(&cpgatev1.LockRequest{Name: "held", SessionId: holder})
	file := filepath.Join(t.TempDir(), "snapshot")
	if said := p.orders("snapshot", "save", file); !strings.HasPrefix(said, "saved "+file) {
		t.Errorf("saving said %q", said)
	}
	_, before := r.rounds(r.session(0))
	r.unlock(&cpgatev1.UnlockRequest{Name: "held", SessionId: holder})
	before = max(before, r.hold(&cpgatev1.LockRequest{Name: "held", SessionId: holder}).GetFence())
	p.kill()
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			f := newFleet(t, n, n)
			for _, member := range f.all {
				member.restores(file)
			}
			f.run()
			r := serving(t, f.all[n-1].addr)
			if got := r.look("held").GetFence(); got != held.GetFence() {
				t.Errorf("the fence of the holder is %d, it was %d", got, held.GetFence())
			}
			if after, _ := r.rounds(r.session(0)); after <= before {
				t.Errorf("fence %d comes after %d", after, before)
			}
			r.unlock(&cpgatev1.UnlockRequest{Name: "held", SessionId: holder, Fence: held.GetFence()})
			if next := r.hold(&cpgatev1.LockRequest{Name: "held", SessionId: holder}).GetFence(); next <= before {
				t.Errorf("the next fence of the lock that was held is %d, after %d", next, before)
			}
		})
	}
}

// restores makes the program's data folder from a snapshot.
func (p *program) restores(file string) {
	p.Helper()
	said, ok := p.cpgate(append([]string{"snapshot", "restore", file, "--data-dir", p.data}, p.args...)...)
	if !ok || !strings.Contains(said, "fences go on from 1000000000") {
		p.Fatalf("restoring said %s", said)
	}
}

func TestSnapshot_RefusesWhatItCantUse(t *testing.T) {
	t.Parallel()
	p := runProgram(t)
	folder := t.TempDir()
	file, broken := filepath.Join(folder, "snapshot"), filepath.Join(folder, "broken")
	p.orders("snapshot", "save", file)
	content := must(os.ReadFile(file))(t)
	content[len(content)/2] ^= 1
	if err := os.WriteFile(broken, content, 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(folder, "data")
	for args, want := range map[[2]string]string{
		{file, p.data}:                 `data-dir "` + p.data + `": must be empty`,
		{broken, data}:                 `snapshot "` + broken + `": is no snapshot, or not all of one`,
		{folder + "/none", data}:       `snapshot "` + folder + `/none": no such file or directory`,
		{folder, data}:                 `snapshot "` + folder + `": is no snapshot, or not all of one`,
		{os.Args[0] + "/below/", data}: `snapshot "` + os.Args[0] + `/below/": not a directory`,
	} {
		said, ok := p.cpgate("snapshot", "restore", args[0], "--data-dir", args[1])
		if ok || said != "cpgate: "+want {
			t.Errorf("said %s, want %s", said, want)
		}
	}
	p.denies(`snapshot "`+folder+`/none/file": no such file or directory`, "snapshot", "save", folder+"/none/file")
	if left := must(filepath.Glob(folder + "/*"))(t); len(left) != 2 {
		t.Errorf("left %v", left)
	}
}
