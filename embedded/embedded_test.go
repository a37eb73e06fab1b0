package embedded_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/embedded"
)

// logs collects the log lines of a member; its goroutines may write while a test reads.
type logs struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logs) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// start starts a member that is closed at the end of the test at the latest.
func start(t *testing.T, c embedded.Config) *embedded.Member {
	t.Helper()
	m, err := embedded.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeNow(t, m) })
	return m
}

func closeNow(t *testing.T, m *embedded.Member) {
	t.Helper()
	begin := time.Now()
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if d := time.Since(begin); d > 3*time.Second {
		t.Errorf("Close took %v", d)
	}
}

func client(t *testing.T, m *embedded.Member) *clientv3.Client {
	t.Helper()
	c := m.NewClient()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func put(t *testing.T, m *embedded.Member, key, value string) int64 {
	t.Helper()
	r, err := client(t, m).Put(t.Context(), key, value)
	if err != nil {
		t.Fatal(err)
	}
	return r.Header.Revision
}

func wantValue(t *testing.T, m *embedded.Member, key, value string) {
	t.Helper()
	r, err := client(t, m).Get(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Kvs) != 1 || string(r.Kvs[0].Value) != value {
		t.Errorf("%s is %v, want %q", key, r.Kvs, value)
	}
}

func TestRestart_KeepsTheDataInAMovedFolderUnderAnotherName(t *testing.T) {
	old, moved := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	m := start(t, embedded.Config{DataDir: old})
	put(t, m, "k", "v")
	closeNow(t, m)
	if err := os.Rename(old, moved); err != nil {
		t.Fatal(err)
	}
	m = start(t, embedded.Config{DataDir: moved, Name: "other", ClientURL: "http://127.0.0.1:7"})
	wantValue(t, m, "k", "v")
	r, err := client(t, m).MemberList(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if one := r.Members[0]; one.Name != "other" || one.ClientURLs[0] != "http://127.0.0.1:7" {
		t.Errorf("the member is listed as %v", one)
	}
}

func TestStart_ServesUnderAPathLongerThanASocketsMayBe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("d", 120), strings.Repeat("e", 120))
	m := start(t, embedded.Config{DataDir: dir})
	put(t, m, "k", "v")
	wantValue(t, m, "k", "v")
}

func TestStart_GivesEveryMemberItsOwnIds(t *testing.T) {
	a := start(t, embedded.Config{DataDir: t.TempDir()})
	b := start(t, embedded.Config{DataDir: t.TempDir()})
	if a.Server().MemberID() == b.Server().MemberID() {
		t.Error("two members share an id")
	}
	if a.Server().Cluster().ID() == b.Server().Cluster().ID() {
		t.Error("two clusters share an id")
	}
}

func TestStart_AdmitsTransactionsOfTenThousandCompares(t *testing.T) {
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	var cmps []clientv3.Cmp
	for range 10_000 {
		cmps = append(cmps, clientv3.Compare(clientv3.ModRevision(strings.Repeat("k", 200)), "=", 0))
	}
	r, err := client(t, m).Txn(t.Context()).If(cmps...).Then(clientv3.OpPut("k", "v")).Commit()
	if err != nil || !r.Succeeded {
		t.Errorf("answered %v, %v", r, err)
	}
}

func TestMember_LogsNothingWhileAllIsWell(t *testing.T) {
	var l logs
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m := start(t, embedded.Config{DataDir: dir, Logger: l.logger()})
		put(t, m, "k", "v")
		closeNow(t, m)
	}
	if l.String() != "" {
		t.Errorf("logged:\n%s", l.String())
	}
}

func TestMember_TellsOnceWhenItDiesByItself(t *testing.T) {
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	m.Server().HardStop()
	select {
	case err := <-m.Failed():
		if err == nil {
			t.Error("died without an error")
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing told")
	}
}

func TestClose_IsNoFailureAndMayBeRepeated(t *testing.T) {
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	closeNow(t, m)
	closeNow(t, m)
	select {
	case err := <-m.Failed():
		t.Errorf("told %v", err)
	default:
	}
}

func TestClose_EndsTheCallsThatWait(t *testing.T) {
	m := start(t, embedded.Config{DataDir: t.TempDir()})
	c := client(t, m)
	ended := make(chan struct{})
	events := c.Watch(context.Background(), "k")
	go func() {
		defer close(ended)
		for range events {
			continue // only its end matters
		}
	}()
	closeNow(t, m)
	if _, err := c.Put(t.Context(), "k", "v"); err == nil {
		t.Error("a closed member took a write")
	}
	_ = c.Close()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the watch goes on")
	}
}

func TestCompaction_DropsOldRevisionsAndKeepsYoungOnes(t *testing.T) {
	const age = 1200 * time.Millisecond
	m := start(t, embedded.Config{DataDir: t.TempDir(), HistoryAge: age})
	c := client(t, m)
	begin := time.Now()
	first := put(t, m, "k", "1")
	put(t, m, "k", "2")
	for {
		r, err := c.Get(t.Context(), "k", clientv3.WithRev(first))
		if err != nil {
			if d := time.Since(begin); d < age {
				t.Errorf("gone after %v", d)
			}
			break
		}
		if string(r.Kvs[0].Value) != "1" {
			t.Fatalf("the past became %v", r.Kvs)
		}
		if time.Since(begin) > 20*time.Second {
			t.Fatal("never compacted")
		}
		time.Sleep(10 * time.Millisecond) // a poll: compaction tells nobody
	}
	wantValue(t, m, "k", "2")
}
