package main

import (
	"log/slog"
	"strings"

	"github.com/cpgate/cpgate"
)

// options is everything that can be set.
type options struct {
	node      cpgate.Config
	config    string
	logLevel  string
	logFormat string
}

func defaults() *options {
	return &options{node: cpgate.DefaultConfig(), logLevel: strings.ToLower(slog.LevelInfo.String()), logFormat: formatText}
}

// setting is one row of the table.
type setting struct {
	name string // of the flag: the other names follow from it
	unit string // what stands for the value in the help
	help string
	at   func(o *options) any // *string, *int, *bool, *time.Duration or *[]string
	// notInFile is set for what makes no sense in the configuration file.
	notInFile bool
	// defaultIs says in words a default that differs from machine to machine.
	defaultIs string
}

const envPrefix = "CPGATE_"

func (s setting) env() string { return envPrefix + strings.ToUpper(s.key()) }

func (s setting) key() string { return strings.ReplaceAll(s.name, "-", "_") }

// configSetting is apart because it has to be known before the others.
var configSetting = setting{
	name: "config", unit: "file", notInFile: true,
	help: "YAML file with settings, under the names of the flags with _ for -",
	at:   func(o *options) any { return &o.config },
}

// settings is the table, in the order of the help and of `config print`.
var settings = []setting{
	configSetting,
	{
		name: "listen", unit: "host:port",
		help: "address of the one port for gRPC, REST and etcd's API; port 0 takes a free one",
		at:   func(o *options) any { return &o.node.Listen },
	},
	{
		name: "data-dir", unit: "folder",
		help: "folder that keeps all state, created when missing; one process at a time can use it. A node that does not " +
			"vote needs none",
		at: func(o *options) any { return &o.node.DataDir },
	},
	{
		name: "name", unit: "text", defaultIs: "the host's name",
		help: "name of this node; 1 to 128 bytes, printable, without space, \"=\" and \",\"",
		at:   func(o *options) any { return &o.node.Name },
	},
	{
		name: "cp-member-count", unit: "number",
		help: "how many members form the cluster: 1, 3, 5 or 7, or any number with group-size; 0: none, the node serves " +
			"the etcd cluster at etcd-endpoints",
		at: func(o *options) any { return &o.node.CPMemberCount },
	},
	{
		name: "group-size", unit: "number", defaultIs: "cp-member-count",
		help: "how many of the members vote: 1, 3, 5 or 7, the first in members. The others are standbys, which keep " +
			"no state and serve every call through those who vote",
		at: func(o *options) any { return &o.node.GroupSize },
	},
	{
		name: "members", unit: "name=host:port", defaultIs: "this one alone",
		help: "the members of the cluster, the same list in the same order for each of them, with the addresses at which they reach one " +
			"another; may be repeated, several at once are parted by commas (in the file: a list)",
		at: func(o *options) any { return &o.node.Members },
	},
	{
		name: "peer-listen", unit: "host:port", defaultIs: "its address in members",
		help: "where this member listens for the others",
		at:   func(o *options) any { return &o.node.PeerListen },
	},
	{
		name: "rejoin", unit: "bool", defaultIs: "no",
		help: "with a data folder that is lost or empty, come back into the cluster as a new member under the old name, " +
			"through the others, who must be there; with one that is in order, change nothing",
		at: func(o *options) any { return &o.node.Rejoin },
	},
	{
		name: "advertise", unit: "host:port", defaultIs: "where it listens",
		help: "where clients reach this node, as other nodes tell them",
		at:   func(o *options) any { return &o.node.Advertise },
	},
	{
		name: "cert-file", unit: "file", defaultIs: "no TLS",
		help: "PEM file with the certificate of the port, which then speaks TLS only; loaded anew when it changes",
		at:   func(o *options) any { return &o.node.CertFile },
	},
	{
		name: "key-file", unit: "file", defaultIs: "none",
		help: "PEM file with the key of cert-file",
		at:   func(o *options) any { return &o.node.KeyFile },
	},
	{
		name: "client-ca-file", unit: "file", defaultIs: "clients need no certificate",
		help: "PEM file with the authorities, one of which must have signed the certificate that every client then " +
			"presents; loaded anew when it changes",
		at: func(o *options) any { return &o.node.ClientCAFile },
	},
	{
		name: "peer-cert-file", unit: "file", defaultIs: "no TLS",
		help: "PEM file with the certificate that this member shows to the others, who then talk over TLS; for all " +
			"members or none, from the first start on",
		at: func(o *options) any { return &o.node.PeerCertFile },
	},
	{
		name: "peer-key-file", unit: "file", defaultIs: "none",
		help: "PEM file with the key of peer-cert-file",
		at:   func(o *options) any { return &o.node.PeerKeyFile },
	},
	{
		name: "peer-ca-file", unit: "file", defaultIs: "none",
		help: "PEM file with the authority that signs for members and nobody else: whoever it signs for can write into " +
			"the cluster what it likes",
		at: func(o *options) any { return &o.node.PeerCAFile },
	},
	{
		name: "auth-token", unit: "kind", defaultIs: "simple",
		help: "how the members make tokens under access control, the same for all: simple, which they remember, or " +
			"jwt,pub-key=FILE,priv-key=FILE,sign-method=METHOD,ttl=DURATION, signed",
		at: func(o *options) any { return &o.node.AuthToken },
	},
	{
		name: "quota-bytes", unit: "number", defaultIs: "8 GiB",
		help: "size of the database above which nothing more is written to it, and only what gives back still works; " +
			"16777216 (16 MiB) to 8589934592 (8 GiB), the same for all members",
		at: func(o *options) any { return &o.node.QuotaBytes },
	},
	{
		name: "etcd-endpoints", unit: "host:port", defaultIs: "none",
		help: "where an etcd cluster that runs elsewhere serves its clients, for cp-member-count 0; may be repeated, " +
			"several at once are parted by commas (in the file: a list)",
		at: func(o *options) any { return &o.node.EtcdEndpoints },
	},
	{
		name: "etcd-user", unit: "name", defaultIs: "none",
		help: "user as which a node that does not vote, or rejoins, acts on etcd, where that has access control; it needs the " +
			"role root",
		at: func(o *options) any { return &o.node.EtcdUser },
	},
	{
		name: "etcd-password-file", unit: "file", defaultIs: "none",
		help: "file with the password of etcd-user, in one line",
		at:   func(o *options) any { return &o.node.EtcdPasswordFile },
	},
	{
		name: "etcd-ca-file", unit: "file", defaultIs: "no TLS",
		help: "PEM file with the certificates that those of etcd are signed with; a node that does not vote speaks TLS to " +
			"etcd when it is set",
		at: func(o *options) any { return &o.node.EtcdCAFile },
	},
	{
		name: "etcd-cert-file", unit: "file", defaultIs: "none",
		help: "PEM file with the certificate to show to etcd, without a common name; read again for every connection",
		at:   func(o *options) any { return &o.node.EtcdCertFile },
	},
	{
		name: "etcd-key-file", unit: "file", defaultIs: "none",
		help: "PEM file with the key of etcd-cert-file",
		at:   func(o *options) any { return &o.node.EtcdKeyFile },
	},
	{
		name: "session-ttl-seconds", unit: "seconds",
		help: "TTL of a session that asks for none, without a heartbeat for so long it expires; 2 to 604800",
		at:   func(o *options) any { return &o.node.SessionTTLSeconds },
	},
	{
		name: "session-heartbeat-interval-seconds", unit: "seconds",
		help: "how often clients are told to call; at least 1, below session-ttl-seconds",
		at:   func(o *options) any { return &o.node.SessionHeartbeatIntervalSeconds },
	},
	{
		name: "prefix", unit: "text",
		help: "what all keys in etcd start with; 2 to 128 bytes, ends with \"/\"",
		at:   func(o *options) any { return &o.node.Prefix },
	},
	{
		name: "lock-acquire-limit", unit: "pattern=limit", defaultIs: "no limit",
		help: "how often one caller may hold a lock at a time, by the lock's name; may be repeated, the first " +
			"that matches counts. * stands for any characters, a bare number for *=number; 0 is no limit, " +
			"1 not reentrant, 2147483647 the most. Several at once are parted by commas (in the file: a list)",
		at: func(o *options) any { return &o.node.LockAcquireLimit },
	},
	{
		name: "retry-grace", unit: "duration",
		help: "how long a waiting call keeps its place after its connection was lost; 0s to 1m",
		at:   func(o *options) any { return &o.node.RetryGrace },
	},
	{
		name: "log-level", unit: "level",
		help: "least level that is logged: debug, info, warn or error",
		at:   func(o *options) any { return &o.logLevel },
	},
	{
		name: "log-format", unit: "format",
		help: "form of the log on standard error: text or json",
		at:   func(o *options) any { return &o.logFormat },
	},
}
