package embedded_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/cpgate/cpgate/embedded"
)

// tree lists all that is below dir.
func tree(t *testing.T, dir string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		paths = append(paths, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func write(t *testing.T, path string, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStart_RefusesAFolderItCantUseInOneLineAndLeavesNothing(t *testing.T) {
	cases := map[string]struct {
		arrange func(t *testing.T, root string)
		want    string
	}{
		"a file":               {func(t *testing.T, root string) { write(t, root+"/d", "x") }, "not a folder"},
		"below a file":         {func(t *testing.T, root string) { write(t, root, "x") }, "not a directory"},
		"a lock it can't open": {func(t *testing.T, root string) { write(t, root+"/d/cpgate.lock/x", "") }, "not writable: is a directory"},
		"open in plain etcd":   {openDatabase, "locked by another process"},
		"a damaged database":   {damagedDatabase, "damaged: member/snap/db: "},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			root := filepath.Join(t.TempDir(), "root")
			c.arrange(t, root)
			before := tree(t, root)
			refuse(t, embedded.Config{DataDir: filepath.Join(root, "d")}, c.want)
			if after := tree(t, root); !slices.Equal(before, after) {
				t.Errorf("left %v, there was %v", after, before)
			}
		})
	}
}

// refuse starts a member that must not start, for the reason given, in one line that names the setting.
func refuse(t *testing.T, c embedded.Config, reason string) {
	t.Helper()
	m, err := embedded.Start(t.Context(), c)
	if err == nil {
		closeNow(t, m)
		t.Fatal("started")
	}
	want := `data-dir "` + c.DataDir + `": ` + reason
	if got := err.Error(); !strings.HasPrefix(got, want) || strings.Contains(got, "\n") {
		t.Errorf("said %s, want %s", got, want)
	}
}

func openDatabase(t *testing.T, root string) {
	t.Helper()
	path := filepath.Join(root, "d/member/snap/db")
	write(t, path, "")
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
}

func damagedDatabase(t *testing.T, root string) {
	t.Helper()
	write(t, filepath.Join(root, "d/member/snap/db"), strings.Repeat("no database. ", 10_000))
}

func TestStart_RefusesAFolderInUse(t *testing.T) {
	dir := t.TempDir()
	m := start(t, embedded.Config{DataDir: dir})
	refuse(t, embedded.Config{DataDir: dir}, "locked by another process")
	if _, err := embedded.Start(t.Context(), embedded.Config{DataDir: dir}); !errors.Is(err, embedded.ErrLocked) {
		t.Errorf("%v is not ErrLocked", err)
	}
	put(t, m, "k", "v") // the first is not disturbed
}

func TestStart_RefusesNoFolder(t *testing.T) {
	refuse(t, embedded.Config{}, "must not be empty")
}

func TestStart_RefusesADamagedLogWithAnError(t *testing.T) {
	dir := t.TempDir()
	m := start(t, embedded.Config{DataDir: dir})
	put(t, m, "k", "v")
	closeNow(t, m)
	logs, err := filepath.Glob(filepath.Join(dir, "member/wal/0*.wal"))
	if err != nil || len(logs) == 0 {
		t.Fatal(logs, err)
	}
	write(t, logs[0], strings.Repeat("no log. ", 10_000))
	_, err = embedded.Start(t.Context(), embedded.Config{DataDir: dir})
	if err == nil || !strings.HasPrefix(err.Error(), `starting etcd on data-dir "`+dir) || strings.Contains(err.Error(), "\n") {
		t.Errorf("said %v", err)
	}
}

func TestStart_LeavesNothingWhenNobodyWaitsForIt(t *testing.T) {
	root := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := embedded.Start(ctx, embedded.Config{DataDir: filepath.Join(root, "a/b")})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("answered %v", err)
	}
	if left := tree(t, root); len(left) != 1 {
		t.Errorf("left %v", left)
	}
	start(t, embedded.Config{DataDir: filepath.Join(root, "a/b")})
}
