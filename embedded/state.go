package embedded

import (
	"go.etcd.io/etcd/server/v3/storage/datadir"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

// HasState reports whether a data folder holds a member: the log of what it has promised to the others.
func HasState(dir string) bool { return wal.Exist(datadir.ToWALDir(dir)) }
