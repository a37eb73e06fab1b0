package linearizability_test

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/tests/faults"
)

var soak = flag.Duration("soak", 0, "how long TestSoak works on one cluster; 0 skips it")

const (
	// settled is how long everything may take to be given back when nobody works any more: sessions expire, caches and
	// idle connections close.
	settled = 2 * time.Minute
)

// Hours of work under random faults leave nothing behind: no ticket, session, goroutine, file or memory; and all answers
// have an order.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("runs with -soak=30m -timeout 0")
	}
	c := faults.Start(t, 3)
	s := newSite(t, c.Addrs())
	idle := s.usage(t)
	var sum summary
	for seed, end := *firstSeed, time.Now().Add(*soak); time.Now().Before(end) && !t.Failed(); seed++ {
		f := c.Plan(seed, 1, kinds...)[0] // the longer a history, the longer the search for an order
		sum.check(t, s.under(t, f, seed), seed, f.Kind)
		t.Logf("seed %d: %v; in use: %v", seed, f, s.usage(t))
	}
	t.Log(sum.String())
	nothingLeft(t, c.Etcd())
	s.awaitIdle(t, idle)
}

// nothingLeft looks for the keys of sessions, and of what they held or waited for.
func nothingLeft(t *testing.T, etcd *clientv3.Client) {
	t.Helper()
	var left []string
	for end := time.Now().Add(settled); ; sleep(t.Context(), time.Second) {
		left = nil
		a, err := etcd.Get(t.Context(), "cp/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
		if err != nil {
			t.Fatal(err)
		}
		for _, kv := range a.Kvs {
			key := string(kv.Key)
			ticket := strings.HasPrefix(key, "cp/semaphore/") && strings.Count(key, "/") > 2
			if ticket || strings.HasPrefix(key, "cp/lock/") || strings.HasPrefix(key, "cp/session/") {
				left = append(left, key)
			}
		}
		if len(left) == 0 || time.Now().After(end) {
			break
		}
	}
	if len(left) > 0 {
		t.Errorf("%d keys are left, the first is %s", len(left), left[0])
	}
}

// usage is what a member uses.
type usage struct{ goroutines, files, megabytes int }

func (u usage) String() string {
	return fmt.Sprintf("%d goroutines, %d files, %d MB", u.goroutines, u.files, u.megabytes)
}

// awaitIdle waits until every member uses about as much as at first, when nobody had used it yet. Memory that Go has freed
// goes back to the system late, so of it there may be more, within a bound.
func (s *site) awaitIdle(t *testing.T, first []usage) {
	t.Helper()
	const moreGoroutines, moreFiles, megabytes = 40 + 64, 20, 500 // 64 rest between the calls of streams
	s.http.CloseIdleConnections()
	var now []usage
	for end := time.Now().Add(settled); ; sleep(t.Context(), time.Second) {
		now = s.usage(t)
		idle := true
		for i, u := range now {
			idle = idle && u.goroutines <= first[i].goroutines+moreGoroutines && u.files <= first[i].files+moreFiles &&
				u.megabytes <= megabytes
		}
		if idle {
			t.Logf("in use before: %v, and at the end: %v", first, now)
			return
		}
		if time.Now().After(end) {
			t.Errorf("in use before: %v, and at the end: %v", first, now)
			return
		}
	}
}

// usage asks each member.
func (s *site) usage(t *testing.T) (all []usage) {
	t.Helper()
	for _, addr := range s.addrs {
		m, err := metrics(t.Context(), addr)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, usage{
			goroutines: int(m["go_goroutines"]), files: int(m["process_open_fds"]),
			megabytes: int(m["process_resident_memory_bytes"]) >> 20,
		})
	}
	return all
}

// metrics are a member's numbers that have no labels.
func metrics(ctx context.Context, addr string) (map[string]float64, error) {
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", http.NoBody)
	if err != nil {
		return nil, err
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(a.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			all[name] = v
		}
	}
	return all, nil
}
