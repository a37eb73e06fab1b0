package embedded

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/etcdutl/v3/snapshot"
	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/datadir"
	"go.uber.org/zap"
)

// RevisionBump is by how much a restore raises the revision: more than a cluster can have written since any snapshot, 115
// days of 100,000 writes per second, so that nothing comes again that was already told of (R2).
const RevisionBump = 1_000_000_000_000

// Restored says what a restore has made.
type Restored struct {
	Keys     int
	Saved    int64 // the revision of the snapshot
	Revision int64 // from which the new cluster goes on
}

// Restore makes the data folder of a new member out of a snapshot. Each member of a new cluster is restored from the same
// snapshot and the same Peers. The folder must be missing or empty, and is so again after an error. The past of keys is
// not restored: whoever watches from an old revision is told that it is gone.
func Restore(c Config, file string) (r Restored, err error) {
	c = c.withDefaults()
	sum, err := checkSnapshot(file)
	if err != nil {
		return r, fmt.Errorf("snapshot %q: %w", file, reason(err))
	}
	if fileutil.Exist(c.DataDir) && !fileutil.DirEmpty(c.DataDir) {
		return r, fmt.Errorf("data-dir %q: must be empty", c.DataDir)
	}
	e, err := c.etcd()
	if err != nil {
		return r, err
	}
	// Members of the cluster that the snapshot is of must not take this one for theirs.
	e.InitialClusterToken = token(e.InitialClusterToken + hex.EncodeToString(sum))
	if err := restore(e, file); err != nil {
		_ = os.RemoveAll(datadir.ToMemberDir(c.DataDir))
		return r, fmt.Errorf("restoring snapshot %q into data-dir %q: %w", file, c.DataDir, err)
	}
	s, err := snapshot.NewV3(zap.NewNop()).Status(file)
	if err != nil {
		return r, fmt.Errorf("snapshot %q: %w", file, err)
	}
	return Restored{Keys: s.TotalKey, Saved: s.Revision, Revision: s.Revision + RevisionBump}, nil
}

// restore turns into errors the panics with which etcd meets a damaged database.
func restore(e *embed.Config, file string) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return snapshot.NewV3(zap.NewNop()).Restore(snapshot.RestoreConfig{
		SnapshotPath: file, Name: e.Name, OutputDataDir: e.Dir, PeerURLs: []string{e.AdvertisePeerUrls[0].String()},
		InitialCluster: e.InitialCluster, InitialClusterToken: e.InitialClusterToken,
		RevisionBump: RevisionBump, MarkCompacted: true,
	})
}

var errNoSnapshot = errors.New("is no snapshot, or not all of one")

// checkSnapshot compares a snapshot with the checksum at its end, and returns that.
func checkSnapshot(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	s, err := f.Stat()
	if err != nil {
		return nil, err
	}
	const page = 512 // of a database there are only whole ones
	if s.IsDir() || s.Size()%page != sha256.Size {
		return nil, errNoSnapshot
	}
	h, sum := sha256.New(), make([]byte, sha256.Size)
	if _, err := io.CopyN(h, f, s.Size()-sha256.Size); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(f, sum); err != nil {
		return nil, err
	}
	if !bytes.Equal(sum, h.Sum(nil)) {
		return nil, errNoSnapshot
	}
	return sum, nil
}
