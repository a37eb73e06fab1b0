package cpgate

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cpgate/cpgate/fencedlock"
	"github.com/cpgate/cpgate/session"
)

const (
	maxRetryGrace = time.Minute
	maxNameBytes  = 128
	maxPrefix     = 128
	fallbackName  = "cpgate"
)

// Config is what a node needs. Start from [DefaultConfig]. A program's settings have the names of the fields, in
// lower case with dashes, and errors name them so.
type Config struct {
	// Listen is the address of the one port, host:port. Port 0 takes any that is free: see [Node.Addr].
	Listen string
	// DataDir is the folder that keeps all state. It is created, mode 0700, when it is missing. A node that does not
	// vote has no state and no folder.
	DataDir string
	// Name is the node's name among the members of its cluster: 1 to 128 bytes, printable, without space, "="
	// and ",", and not "default", which etcd takes for no name.
	Name string
	// CPMemberCount is how many members form the cluster: 1, 3, 5 or 7, or any number where GroupSize says how many of
	// them vote. 0: the node has no member and serves the etcd cluster at EtcdEndpoints.
	CPMemberCount int
	// GroupSize is how many of the members vote: 1, 3, 5 or 7, at most CPMemberCount. They are the first in Members.
	// The others are standbys: they keep nothing, and serve every call through those who vote. 0: all vote.
	GroupSize int
	// Members are the members of the cluster, this one among them, each as name=host:port, where the others reach it.
	// Every member is given the same ones, in the same order. A single member needs none.
	Members []string
	// PeerListen is where this member listens for the others, host:port. Empty: at its address in Members.
	PeerListen string
	// Rejoin lets a member whose data folder is empty come back into its cluster, which must be there, as a new member with
	// the old one's name. Where the folder holds its state it changes nothing. Etcd* say how to speak to the others, where
	// that needs TLS or a user; the user needs the role root.
	Rejoin bool
	// Advertise is where clients reach this node, host:port: other nodes tell it to clients. Empty: where it listens.
	Advertise string
	// CertFile and KeyFile hold the certificate of the port and its key, in PEM, and make it one of TLS: for gRPC, REST and
	// etcd's API alike. They are loaded anew when they change. Empty: the port speaks plain text.
	CertFile, KeyFile string
	// ClientCAFile holds the authorities, in PEM, one of which must have signed the certificate that every client then has
	// to present. Empty: clients need none.
	ClientCAFile string
	// PeerCertFile and PeerKeyFile hold a certificate of this member, in PEM, and PeerCAFile the authority of those of all
	// members, who then trust nobody without one: with all three, members talk to one another over TLS. It should sign
	// for nobody else, since who has a certificate of it can write into the cluster what it likes.
	PeerCertFile, PeerKeyFile, PeerCAFile string
	// AuthToken says how the members make tokens under access control, as etcd's own setting of that name does: "simple", which
	// the members remember, or "jwt,pub-key=FILE,priv-key=FILE,sign-method=METHOD,ttl=DURATION", signed. Every member is
	// given the same. Empty: simple.
	AuthToken string
	// QuotaBytes is the size of this member's database above which etcd takes no more: 16777216 (16 MiB) to 8589934592
	// (8 GiB), the same for all members. What gives back still works then. 0: 8 GiB.
	QuotaBytes int
	// EtcdEndpoints are where an etcd cluster that runs elsewhere serves its clients, each as host:port. For
	// CPMemberCount 0, and needed there.
	EtcdEndpoints []string
	// EtcdUser is the user as which a node without a member of its own acts on etcd: one with the role root, who looks up
	// what others may. Empty: etcd asks nobody who they are.
	EtcdUser string
	// EtcdPasswordFile is the file that holds the password of EtcdUser, in one line.
	EtcdPasswordFile string
	// EtcdCAFile holds the certificates, in PEM, that etcd's own must be signed with. Empty: no TLS on the way to etcd.
	EtcdCAFile string
	// EtcdCertFile and EtcdKeyFile hold a certificate to show to etcd, and its key, in PEM; read again when they have
	// changed. The certificate must have no common name.
	EtcdCertFile, EtcdKeyFile string
	// SessionTTLSeconds is the TTL of a session that asks for none: 2 to 604800.
	SessionTTLSeconds int
	// SessionHeartbeatIntervalSeconds is how often clients are told to call: 1 or more and below the TTL.
	SessionHeartbeatIntervalSeconds int
	// Prefix is what all of cpgate's keys in etcd start with: 2 to 128 bytes, printable, without space, "%" and
	// "//", ending with "/". Nodes with different prefixes know nothing of each other's locks.
	Prefix string
	// LockAcquireLimit says how often one caller may hold a lock at a time, as rules of the form pattern=limit:
	// see [fencedlock.ParseLimits].
	LockAcquireLimit []string
	// RetryGrace is how long a waiting call whose connection was lost keeps its place for a retry: 0 to 1 m.
	RetryGrace time.Duration
	// Logger gets what the node has to say. nil: nothing is logged.
	Logger *slog.Logger
}

// DefaultConfig is one durable node on 127.0.0.1:2379 that keeps its data in ./cpgate.data and is named after
// its host.
func DefaultConfig() Config {
	return Config{
		Listen:                          "127.0.0.1:2379",
		DataDir:                         "cpgate.data",
		Name:                            defaultName(),
		CPMemberCount:                   1,
		SessionTTLSeconds:               300,
		SessionHeartbeatIntervalSeconds: 5,
		Prefix:                          "cp/",
		RetryGrace:                      2 * time.Second,
	}
}

func defaultName() string {
	host, err := os.Hostname()
	if err != nil || checkName(host) != nil {
		return fallbackName
	}
	return host
}

// Validate checks every field by itself and against the others, without a look at the machine. The error is of
// one line, names the first setting at fault and its value, and says the rule.
func (c Config) Validate() error {
	for _, s := range []struct {
		setting string
		value   any
		err     error
	}{
		{"listen", c.Listen, checkListen(c.Listen)},
		{"data-dir", c.DataDir, checkDataDir(c.DataDir)},
		{"name", c.Name, checkName(c.Name)},
		{"cp-member-count", c.CPMemberCount, c.checkMemberCount()},
		{"group-size", c.GroupSize, c.checkGroupSize()},
		{"members", strings.Join(c.Members, ","), c.checkMembers()},
		{"peer-listen", c.PeerListen, c.checkPeerListen()},
		{"rejoin", c.Rejoin, c.checkRejoin()},
		{"advertise", c.Advertise, checkAdvertise(c.Advertise)},
		{"cert-file", c.CertFile, needs(c.CertFile, partner{"key-file", c.KeyFile})},
		{"key-file", c.KeyFile, needs(c.KeyFile, partner{"cert-file", c.CertFile})},
		{"client-ca-file", c.ClientCAFile, needs(c.ClientCAFile, partner{"cert-file", c.CertFile})},
		{"peer-cert-file", c.PeerCertFile, c.checkPeerTLS(c.PeerCertFile, partner{"peer-key-file", c.PeerKeyFile}, partner{"peer-ca-file", c.PeerCAFile})},
		{"peer-key-file", c.PeerKeyFile, c.checkPeerTLS(c.PeerKeyFile, partner{"peer-cert-file", c.PeerCertFile})},
		{"peer-ca-file", c.PeerCAFile, c.checkPeerTLS(c.PeerCAFile, partner{"peer-cert-file", c.PeerCertFile})},
		{"auth-token", c.AuthToken, c.checkAuthToken()},
		{"quota-bytes", c.QuotaBytes, c.checkQuota()},
		{"etcd-endpoints", strings.Join(c.EtcdEndpoints, ","), c.checkEtcdEndpoints()},
		{"etcd-user", c.EtcdUser, c.checkEtcd(c.EtcdUser, partner{"etcd-password-file", c.EtcdPasswordFile})},
		{"etcd-password-file", c.EtcdPasswordFile, c.checkEtcd(c.EtcdPasswordFile, partner{"etcd-user", c.EtcdUser})},
		{"etcd-ca-file", c.EtcdCAFile, c.checkEtcd(c.EtcdCAFile)},
		{"etcd-cert-file", c.EtcdCertFile, c.checkEtcd(c.EtcdCertFile, partner{"etcd-ca-file", c.EtcdCAFile}, partner{"etcd-key-file", c.EtcdKeyFile})},
		{"etcd-key-file", c.EtcdKeyFile, c.checkEtcd(c.EtcdKeyFile, partner{"etcd-cert-file", c.EtcdCertFile})},
		{"session-ttl-seconds", c.SessionTTLSeconds, checkTTL(c.SessionTTLSeconds)},
		{"session-heartbeat-interval-seconds", c.SessionHeartbeatIntervalSeconds, c.checkHeartbeat()},
		{"prefix", c.Prefix, checkPrefix(c.Prefix)},
		{"retry-grace", c.RetryGrace.String(), checkGrace(c.RetryGrace)},
	} {
		if s.err != nil {
			return fmt.Errorf("%s %#v: %w", s.setting, s.value, s.err)
		}
	}
	if _, err := fencedlock.ParseLimits(c.LockAcquireLimit); err != nil {
		return fmt.Errorf("lock-acquire-limit %w", err)
	}
	return nil
}

func checkListen(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil || strings.ContainsFunc(host, notInHost) {
		return errors.New("must be host:port, such as 127.0.0.1:2379")
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return errors.New("the port must be 0 to 65535")
	}
	return nil
}

func notInHost(r rune) bool { return r == '/' || r == '@' || !unicode.IsPrint(r) || r == ' ' }

func checkDataDir(s string) error {
	switch {
	case s == "":
		return errors.New("must not be empty")
	case strings.ContainsRune(s, 0):
		return errors.New("must not contain a zero byte")
	}
	return nil
}

func checkName(s string) error {
	switch {
	case len(s) < 1 || len(s) > maxNameBytes:
		return fmt.Errorf("must be 1 to %d bytes, is %d", maxNameBytes, len(s))
	case !isPlain(s) || strings.ContainsAny(s, "=,"):
		return errors.New(`must be printable, without space, "=" and ","`)
	case s == "default":
		return errors.New("is what etcd calls a member without a name: choose another")
	}
	return nil
}

func checkTTL(seconds int) error {
	if seconds < session.MinTTLSeconds || seconds > session.MaxTTLSeconds {
		return fmt.Errorf("must be %d to %d", session.MinTTLSeconds, session.MaxTTLSeconds)
	}
	return nil
}

func (c Config) checkHeartbeat() error {
	if i := c.SessionHeartbeatIntervalSeconds; i < 1 || i >= c.SessionTTLSeconds {
		return fmt.Errorf("must be at least 1 and below session-ttl-seconds (%d)", c.SessionTTLSeconds)
	}
	return nil
}

func checkPrefix(s string) error {
	switch {
	case len(s) < 2 || len(s) > maxPrefix:
		return fmt.Errorf("must be 2 to %d bytes, is %d", maxPrefix, len(s))
	case !strings.HasSuffix(s, "/"):
		return errors.New(`must end with "/"`)
	case !isPlain(s) || strings.Contains(s, "%") || strings.Contains(s, "//"):
		return errors.New(`must be printable, without space, "%" and "//"`)
	}
	return nil
}

func checkGrace(d time.Duration) error {
	if d < 0 || d > maxRetryGrace {
		return errors.New("must be 0s to 1m")
	}
	return nil
}

// isPlain reports whether s shows as one word in a log line.
func isPlain(s string) bool {
	odd := func(r rune) bool { return r == ' ' || !unicode.IsPrint(r) }
	return utf8.ValidString(s) && !strings.ContainsFunc(s, odd)
}
