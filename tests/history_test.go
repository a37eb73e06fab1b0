package tests_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
)

var historyCycles = flag.Int64("history.cycles", 0, "how often locks are locked and unlocked, to see what is left of it")

const (
	historyCallers = 384
	historyLooks   = 5 // at what the members take, on the way
	mega           = 1 << 20
	// forgotten is what a member's database may hold when nothing has happened for the time for which history is kept.
	forgotten = 2 * mega
	// logLimit is what etcd keeps of its log of proposals: five files of 64 MB, and one or two that are being written.
	logLimit = 7 * 64 * mega
)

// What has happened is forgotten: neither the database nor the log of proposals grows with the number of calls.
func TestHistory_IsForgotten(t *testing.T) {
	if *historyCycles == 0 {
		t.Skip("takes long: run with -history.cycles=5000000 -timeout 0 -v")
	}
	f := runFleet(t, 3)
	begin := time.Now()
	f.logSizes(0, begin)
	for done := int64(0); done < *historyCycles; {
		share := *historyCycles / historyLooks
		f.cycle(share)
		done += share
		f.logSizes(done, begin)
	}
	for _, p := range f.all {
		f.awaitForgotten(p)
		if log := p.sizes().log; log > logLimit {
			t.Errorf("the log of %s takes %d MB", p.args[1], log/mega)
		}
	}
	f.logSizes(*historyCycles, begin)
}

// awaitForgotten waits until a member has dropped what has happened.
func (f *fleet) awaitForgotten(p *program) {
	f.Helper()
	for end := time.Now().Add(3 * time.Minute); p.sizes().inUse > forgotten; time.Sleep(time.Second) {
		if time.Now().After(end) {
			f.Fatalf("%s still has %.1f MB in use", p.args[1], mb(p.sizes().inUse))
		}
	}
}

// cycle locks and unlocks so often, many callers at once, each a lock of its own, through all members.
func (f *fleet) cycle(times int64) {
	f.Helper()
	var left atomic.Int64
	left.Store(times)
	var group sync.WaitGroup
	for n, addrs := 0, f.addrs(); n < len(addrs); n++ {
		c := must(client.New(slices.Concat(addrs[n:], addrs[:n])...))(f.T)
		f.Cleanup(func() { _ = c.Close() })
		for caller := range historyCallers / len(addrs) {
			l := c.Lock(fmt.Sprintf("own-%d-%d", n, caller))
			group.Go(func() {
				for left.Add(-1) >= 0 && !f.Failed() {
					if err := l.Do(f.Context(), func(context.Context, client.Fence) error { return nil }); err != nil {
						f.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	if f.Failed() {
		f.FailNow()
	}
}

// sizes is what a member takes, in bytes.
type sizes struct {
	database, inUse int64 // the file, and what of it is not free
	log             int64 // of proposals, on disk
	resident, heap  int64 // in memory
	entries         int64 // proposals so far, a count
}

func (p *program) sizes() (s sizes) {
	p.Helper()
	r := serving(p.T, p.addr)
	st := must(r.etcd.Status(r.soon(), p.addr))(p.T)
	s.database, s.inUse, s.entries = st.DbSize, st.DbSizeInUse, int64(st.RaftIndex)
	s.log = p.sizeOf("member/wal")
	s.resident = p.metric("process_resident_memory_bytes")
	s.heap = p.metric("go_memstats_heap_inuse_bytes")
	return s
}

// sizeOf is what the files take in a folder of the program's data.
func (p *program) sizeOf(folder string) (bytes int64) {
	p.Helper()
	err := filepath.WalkDir(filepath.Join(p.data, folder), func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if i, err := d.Info(); err == nil { // else it has just been thrown away
			bytes += i.Size()
		}
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
	return bytes
}

// metric is one number of those at /metrics.
func (p *program) metric(name string) int64 {
	p.Helper()
	a, err := http.Get("http://" + p.addr + "/metrics")
	if err != nil {
		p.Fatal(err)
	}
	defer func() { _ = a.Body.Close() }()
	for lines := bufio.NewScanner(a.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return int64(must(strconv.ParseFloat(value, 64))(p.T))
		}
	}
	p.Fatalf("no metric %s", name)
	return 0
}

func (f *fleet) logSizes(cycles int64, begin time.Time) {
	f.Helper()
	for _, p := range f.all {
		s := p.sizes()
		f.Logf("%d cycles, %.0f s, %s: database %.1f MB, %.1f in use; log %.0f MB, %d proposals; resident %.0f MB, Go heap %.0f",
			cycles, time.Since(begin).Seconds(), p.args[1], mb(s.database), mb(s.inUse), mb(s.log), s.entries, mb(s.resident), mb(s.heap))
	}
}

func mb(bytes int64) float64 { return float64(bytes) / mega }
