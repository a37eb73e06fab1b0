package embedded

import (
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// The values that stand for a field of [Config] left at zero.
const (
	DefaultName       = "cpgate"
	DefaultQuotaBytes = 8 << 30
	DefaultHistoryAge = 60 * time.Second
)

// MaxTxnOps is how many compares or operations a transaction may have at each level. The largest that cpgate
// makes compares every holder of a semaphore, 10,000 of them.
const MaxTxnOps = 10_240

const (
	// maxRequestBytes fits a transaction of MaxTxnOps compares on keys of common length. etcd warns above 10 MiB.
	maxRequestBytes = 8 << 20
	// catchUpEntries is how many Raft entries stay in memory for a follower that lags. etcd keeps 5,000, but an
	// entry of ours may be a batch of a hundred calls.
	catchUpEntries = 1_000
	// loneURL stands where etcd wants the member's address among its peers. It is the same whatever the folder
	// and never opened, so that a data folder may be moved or renamed.
	loneURL = "unix://alone"
)

// Config is what one member needs. Only DataDir must be set.
type Config struct {
	// Name is the member's name in etcd's member list: not empty, no "=" and no ",". It may change between
	// starts. Empty: DefaultName.
	Name string
	// DataDir is the folder that holds all state. It is created, mode 0700, when it is missing.
	DataDir string
	// Cluster says with whom the member forms a cluster. Zero: with nobody, it is alone.
	Cluster Cluster
	// ClientURL is where clients reach the gateway of this member, such as "http://127.0.0.1:2379". It is only
	// told to others, in the member list that `etcdctl --cluster` follows. Empty: none is told.
	ClientURL string
	// QuotaBytes is the size of the database above which writes are refused, until there is room again: see room.go. 0:
	// DefaultQuotaBytes, the most that etcd recommends.
	QuotaBytes int64
	// HistoryAge is how long the past of a key can still be read. What is older is dropped every sixth of it.
	// 0: DefaultHistoryAge.
	HistoryAge time.Duration
	// AuthToken says how tokens are made under access control: "simple" ones, which the members remember, or signed ones, as
	// in "jwt,pub-key=FILE,priv-key=FILE,sign-method=RS256,ttl=10m". Empty: simple.
	AuthToken string
	// Logger gets etcd's warnings and errors. nil: none are logged.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Name == "" {
		c.Name = DefaultName
	}
	if c.QuotaBytes == 0 {
		c.QuotaBytes = DefaultQuotaBytes
	}
	if c.HistoryAge == 0 {
		c.HistoryAge = DefaultHistoryAge
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

// etcd fills in etcd's own configuration.
func (c Config) etcd() (*embed.Config, error) {
	e := embed.NewConfig()
	e.Name, e.Dir = c.Name, c.DataDir
	e.ListenClientUrls, e.AdvertiseClientUrls = nil, nil
	if err := c.Cluster.etcd(e); err != nil {
		return nil, err
	}
	e.QuotaBackendBytes = c.QuotaBytes
	e.MaxTxnOps = MaxTxnOps
	e.MaxRequestBytes = maxRequestBytes
	e.SnapshotCatchUpEntries = catchUpEntries
	e.EnableGRPCGateway = false
	if c.AuthToken != "" {
		e.AuthToken = c.AuthToken
	}
	e.ClientTLSInfo.ClientCertAuth = true // the name in a certificate that the gateway has verified counts as the user
	return e, c.advertise(e)
}

func (c Config) advertise(e *embed.Config) error {
	if c.ClientURL == "" {
		return nil
	}
	u, err := url.Parse(c.ClientURL)
	if err != nil {
		return fmt.Errorf("reading the client address: %w", err)
	}
	e.AdvertiseClientUrls = []url.URL{*u}
	return nil
}
