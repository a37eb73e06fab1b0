package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/server/v3/storage/datadir"
)

// lockName is the file in a data folder whose lock says that a process uses the folder. The kernel frees the
// lock with the process, however it ended. The file itself stays: whoever removed it could take the lock of one
// that another process has just opened.
const lockName = "cpgate.lock"

// ErrLocked is returned by Start when another member, of this process or of another, uses the data folder.
var ErrLocked = errors.New("locked by another process")

// folder is a data folder that this process has locked.
type folder struct {
	lock   *fileutil.LockedFile
	made   []string // what openFolder has created, in that order
	member string   // where etcd keeps its files; empty when there were some before
}

// openFolder creates what is missing of dir and locks it. After an error all is as it was before.
func openFolder(dir string) (*folder, error) {
	if dir == "" {
		return nil, errors.New(`data-dir "": must not be empty`)
	}
	f := &folder{}
	if err := f.open(dir); err != nil {
		f.undo()
		return nil, fmt.Errorf("data-dir %q: %w", dir, reason(err))
	}
	return f, nil
}

func (f *folder) open(dir string) error {
	if err := f.makeDir(dir); err != nil {
		return err
	}
	if err := f.takeLock(filepath.Join(dir, lockName)); err != nil {
		return err
	}
	if err := fileutil.IsDirWriteable(dir); err != nil {
		return fmt.Errorf("not writable: %w", reason(err))
	}
	if m := datadir.ToMemberDir(dir); !fileutil.Exist(m) {
		f.member = m
	}
	return checkDatabase(datadir.ToBackendFileName(dir))
}

// reason strips the path from a file error, which the message names already.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// makeDir is os.MkdirAll that remembers which folders were missing.
func (f *folder) makeDir(dir string) error {
	s, err := os.Stat(dir)
	switch {
	case err == nil && !s.IsDir():
		return errors.New("not a folder")
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := f.makeDir(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, fileutil.PrivateDirMode); err != nil {
		return fmt.Errorf("can't be created: %w", reason(err))
	}
	f.made = append(f.made, dir)
	return nil
}

func (f *folder) takeLock(path string) error {
	missing := !fileutil.Exist(path)
	lock, err := fileutil.TryLockFile(path, os.O_CREATE|os.O_RDWR, fileutil.PrivateFileMode)
	if errors.Is(err, fileutil.ErrLocked) {
		return ErrLocked
	}
	if err != nil {
		return fmt.Errorf("not writable: %w", reason(err))
	}
	f.lock = lock
	if missing {
		f.made = append(f.made, path)
	}
	return nil
}

// checkDatabase finds, before etcd does, what etcd answers with waiting for ever or with a panic: a database
// that a plain etcd has open, and one that is no database.
func checkDatabase(path string) error {
	s, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.Size() == 0 {
		return nil
	}
	const patience = 100 * time.Millisecond
	db, err := bolt.Open(path, fileutil.PrivateFileMode, &bolt.Options{ReadOnly: true, Timeout: patience})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return ErrLocked
	}
	if err != nil {
		return fmt.Errorf("damaged: member/snap/db: %w", reason(err))
	}
	return db.Close()
}

// keep makes undo leave everything in place.
func (f *folder) keep() { f.member, f.made = "", nil }

// unlock lets the next process have the folder.
func (f *folder) unlock() error {
	if err := f.lock.Close(); err != nil {
		return fmt.Errorf("unlocking the data folder: %w", err)
	}
	return nil
}

// undo removes what this start has created, then unlocks. What can't be removed stays: a later start takes it
// up. Removing a lock file that another process has just opened is safe here, since etcd's database is locked
// once more by itself.
func (f *folder) undo() {
	if f.member != "" {
		_ = os.RemoveAll(f.member)
	}
	for i := len(f.made) - 1; i >= 0; i-- {
		_ = os.Remove(f.made[i])
	}
	if f.lock != nil {
		_ = f.lock.Close()
	}
}
