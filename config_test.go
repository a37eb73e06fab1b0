package cpgate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate"
)

func TestDefaultConfig_IsValid(t *testing.T) {
	if err := cpgate.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}

func TestValidate_AdmitsTheEdges(t *testing.T) {
	cases := map[string]func(c *cpgate.Config){
		"any free port":    func(c *cpgate.Config) { c.Listen = "127.0.0.1:0" },
		"all addresses":    func(c *cpgate.Config) { c.Listen = ":2379" },
		"IPv6":             func(c *cpgate.Config) { c.Listen = "[::1]:65535" },
		"a host's name":    func(c *cpgate.Config) { c.Listen = "localhost:2379" },
		"the shortest TTL": func(c *cpgate.Config) { c.SessionTTLSeconds, c.SessionHeartbeatIntervalSeconds = 2, 1 },
		"the longest TTL":  func(c *cpgate.Config) { c.SessionTTLSeconds = 604800 },
		"the last beat":    func(c *cpgate.Config) { c.SessionHeartbeatIntervalSeconds = 299 },
		"no grace":         func(c *cpgate.Config) { c.RetryGrace = 0 },
		"a minute's grace": func(c *cpgate.Config) { c.RetryGrace = time.Minute },
		"a leading slash":  func(c *cpgate.Config) { c.Prefix = "/team/cp/" },
		"limits":           func(c *cpgate.Config) { c.LockAcquireLimit = []string{"a=1", "0"} },
		"a long name":      func(c *cpgate.Config) { c.Name = strings.Repeat("ü", 64) },
		"three members":    three(func(*cpgate.Config) {}),
		"all interfaces":   three(func(c *cpgate.Config) { c.PeerListen = ":2380" }),
		"a member's list":  func(c *cpgate.Config) { c.Name, c.Members = "a", []string{"a=host:1"} },
		"a standby":        three(func(c *cpgate.Config) { c.Name, c.GroupSize = "c", 1 }),
		"an even number":   three(func(c *cpgate.Config) { c.CPMemberCount, c.Members, c.GroupSize = 2, c.Members[:2], 1 }),
		"all vote":         three(func(c *cpgate.Config) { c.GroupSize = 3 }),
		"TLS":              func(c *cpgate.Config) { c.CertFile, c.KeyFile = "c", "k" },
		"mutual TLS":       func(c *cpgate.Config) { c.CertFile, c.KeyFile, c.ClientCAFile = "c", "k", "a" },
		"TLS between them": three(func(c *cpgate.Config) { c.PeerCertFile, c.PeerKeyFile, c.PeerCAFile = "c", "k", "a" }),
		"etcd elsewhere":   external(func(*cpgate.Config) {}),
		"a user and TLS": external(func(c *cpgate.Config) {
			c.EtcdUser, c.EtcdPasswordFile, c.EtcdCAFile, c.EtcdCertFile, c.EtcdKeyFile = "u", "p", "a", "c", "k"
		}),
		"a standby's user": three(func(c *cpgate.Config) {
			c.Name, c.GroupSize, c.EtcdUser, c.EtcdPasswordFile, c.EtcdCAFile = "b", 1, "u", "p", "a"
		}),
		"the least quota": func(c *cpgate.Config) { c.QuotaBytes = 16 << 20 },
		"the most quota":  func(c *cpgate.Config) { c.QuotaBytes = 8 << 30 },
		"another address": func(c *cpgate.Config) { c.Advertise = "a.example.org:2379" },
	}
	for name, change := range cases {
		c := cpgate.DefaultConfig()
		change(&c)
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// three makes the configuration one of three members.
func three(change func(*cpgate.Config)) func(*cpgate.Config) {
	return func(c *cpgate.Config) {
		c.Name, c.CPMemberCount, c.Members = "a", 3, []string{"a=host-a:2380", "b=10.0.0.2:2380", "c=[::1]:2380"}
		change(c)
	}
}

// external makes the configuration one of a node without members.
func external(change func(*cpgate.Config)) func(*cpgate.Config) {
	return func(c *cpgate.Config) {
		c.CPMemberCount, c.EtcdEndpoints = 0, []string{"a:2379", "[::1]:2379"}
		change(c)
	}
}

func TestValidate_NamesTheSettingTheValueAndTheRule(t *testing.T) {
	type config = *cpgate.Config
	cases := []struct {
		change func(c config)
		want   string
	}{
		{func(c config) { c.Listen = "" }, `listen "": must be host:port`},
		{func(c config) { c.Listen = "2379" }, `listen "2379": must be host:port`},
		{func(c config) { c.Listen = "::1:2379" }, `listen "::1:2379": must be host:port`},
		{func(c config) { c.Listen = "http://a:1" }, `listen "http://a:1": must be host:port`},
		{func(c config) { c.Listen = "a b:1" }, `listen "a b:1": must be host:port`},
		{func(c config) { c.Listen = "a:65536" }, `listen "a:65536": the port must be 0 to 65535`},
		{func(c config) { c.Listen = "a:http" }, `listen "a:http": the port must be 0 to 65535`},
		{func(c config) { c.Listen = "a:" }, `listen "a:": the port must be 0 to 65535`},
		{func(c config) { c.DataDir = "" }, `data-dir "": must not be empty`},
		{func(c config) { c.DataDir = "a\x00" }, `data-dir "a\x00": must not contain a zero byte`},
		{func(c config) { c.Name = "" }, `name "": must be 1 to 128 bytes, is 0`},
		{func(c config) { c.Name = "default" }, `name "default": is what etcd calls`},
		{func(c config) { c.Name = "a,b" }, `name "a,b": must be printable, without space, "=" and ","`},
		{func(c config) { c.Name = "a=b" }, `name "a=b": must be printable`},
		{func(c config) { c.Name = "a\nb" }, `name "a\nb": must be printable`},
		{func(c config) { c.CPMemberCount = 2 }, `cp-member-count 2: must be 1, 3, 5 or 7, unless group-size says how many of them vote`},
		{func(c config) { c.CPMemberCount = -1 }, `cp-member-count -1: must be 0 or more`},
		{func(c config) { c.CPMemberCount = 0 }, `cp-member-count 0: needs etcd-endpoints: without members, the node serves an etcd cluster that runs elsewhere`},
		{func(c config) { c.CPMemberCount, c.GroupSize = 4, 3 }, `cp-member-count 4: members must list as many, lists 0`},
		{three(func(c config) { c.GroupSize = 2 }), `group-size 2: must be 1, 3, 5 or 7`},
		{three(func(c config) { c.GroupSize = -1 }), `group-size -1: must be 1, 3, 5 or 7`},
		{three(func(c config) { c.GroupSize = 5 }), `group-size 5: must be at most cp-member-count (3)`},
		{func(c config) { c.GroupSize = 3 }, `group-size 3: must be at most cp-member-count (1)`},
		{external(func(c config) { c.GroupSize = 1 }), `group-size 1: needs members: with cp-member-count 0 there is nobody to vote`},
		{external(func(c config) { c.Members = []string{"a=a:1"} }), `members "a=a:1": must list as many as cp-member-count (0), lists 1`},
		{external(func(c config) { c.PeerListen = ":2380" }), `peer-listen ":2380": needs members`},
		{external(func(c config) { c.EtcdEndpoints[1] = "b" }), `etcd-endpoints "a:2379,b": "b" must be host:port`},
		{external(func(c config) { c.EtcdEndpoints[1] = "http://b:1" }), `etcd-endpoints "a:2379,http://b:1": "http://b:1" must be host:port`},
		{external(func(c config) { c.EtcdEndpoints[1] = ":2379" }), `etcd-endpoints "a:2379,:2379": ":2379" must be host:port`},
		{external(func(c config) { c.EtcdUser = "u" }), `etcd-user "u": needs etcd-password-file`},
		{external(func(c config) { c.EtcdPasswordFile = "p" }), `etcd-password-file "p": needs etcd-user`},
		{external(func(c config) { c.EtcdCertFile = "c" }), `etcd-cert-file "c": needs etcd-ca-file`},
		{external(func(c config) { c.EtcdCAFile, c.EtcdCertFile = "a", "c" }), `etcd-cert-file "c": needs etcd-key-file`},
		{external(func(c config) { c.EtcdCAFile, c.EtcdKeyFile = "a", "k" }), `etcd-key-file "k": needs etcd-cert-file`},
		{func(c config) { c.EtcdEndpoints = []string{"a:1"} }, `etcd-endpoints "a:1": needs cp-member-count 0: with members, they are the etcd cluster`},
		{func(c config) { c.CertFile = "c" }, `cert-file "c": needs key-file`},
		{func(c config) { c.KeyFile = "k" }, `key-file "k": needs cert-file`},
		{func(c config) { c.ClientCAFile = "a" }, `client-ca-file "a": needs cert-file`},
		{three(func(c config) { c.PeerCertFile = "c" }), `peer-cert-file "c": needs peer-key-file`},
		{three(func(c config) { c.PeerCertFile, c.PeerKeyFile = "c", "k" }), `peer-cert-file "c": needs peer-ca-file`},
		{three(func(c config) { c.PeerKeyFile = "k" }), `peer-key-file "k": needs peer-cert-file`},
		{three(func(c config) { c.PeerCAFile = "a" }), `peer-ca-file "a": needs peer-cert-file`},
		{func(c config) { c.PeerCAFile = "a" }, `peer-ca-file "a": needs members: a node that is alone talks to no others`},
		{external(func(c config) { c.PeerCertFile = "c" }), `peer-cert-file "c": needs members`},
		{func(c config) { c.AuthToken = "basic" }, `auth-token "basic": must be simple, or jwt with its options`},
		{func(c config) { c.AuthToken = "simple,ttl=1s" }, `auth-token "simple,ttl=1s": must be simple, or jwt with its options`},
		{func(c config) { c.AuthToken = "jwt,priv-key=k" }, `auth-token "jwt,priv-key=k": needs sign-method, such as RS256`},
		{func(c config) { c.AuthToken = "jwt,sign-method=RS256,pub-key=k" }, `auth-token "jwt,sign-method=RS256,pub-key=k": needs priv-key: a member that can't sign can't end leases either`},
		{func(c config) { c.AuthToken = "jwt,key=k" }, `auth-token "jwt,key=k": "key=k" must be one of pub-key, priv-key, sign-method, ttl`},
		{func(c config) { c.AuthToken = "jwt,ttl=1s,ttl=2s" }, `auth-token "jwt,ttl=1s,ttl=2s": "ttl=2s" must be one of`},
		{func(c config) { c.AuthToken = "jwt,priv-key=k,sign-method=RS256,ttl=5" }, `auth-token "jwt,priv-key=k,sign-method=RS256,ttl=5": ttl must be a duration, such as 10m`},
		{external(func(c config) { c.AuthToken = "simple" }), `auth-token "simple": needs a member of its own`},
		{func(c config) { c.QuotaBytes = 1<<24 - 1 }, `quota-bytes 16777215: must be 16777216 (16 MiB) to 8589934592 (8 GiB)`},
		{func(c config) { c.QuotaBytes = 8<<30 + 1 }, `quota-bytes 8589934593: must be 16777216 (16 MiB) to 8589934592 (8 GiB)`},
		{func(c config) { c.QuotaBytes = -1 }, `quota-bytes -1: must be 16777216`},
		{external(func(c config) { c.QuotaBytes = 1 << 30 }), `quota-bytes 1073741824: needs a member of its own`},
		{three(func(c config) { c.GroupSize, c.Name, c.QuotaBytes = 1, "b", 1<<30 }), `quota-bytes 1073741824: needs a member of its own`},
		{func(c config) { c.EtcdUser = "u" }, `etcd-user "u": needs cp-member-count 0 or a standby: this node is a member of the etcd that it serves`},
		{three(func(c config) { c.GroupSize, c.EtcdPasswordFile = 1, "p" }), `etcd-password-file "p": needs cp-member-count 0 or a standby`},
		{func(c config) { c.EtcdCAFile = "a" }, `etcd-ca-file "a": needs cp-member-count 0 or a standby`},
		{three(func(c config) { c.Name, c.GroupSize, c.PeerListen = "c", 1, ":2380" }), `peer-listen ":2380": must be empty for a standby, and "c" comes behind the members that vote (1)`},
		{func(c config) { c.CPMemberCount = 3 }, `cp-member-count 3: members must list as many, lists 0`},
		{three(func(c config) { c.CPMemberCount = 1 }), `members "a=host-a:2380,b=10.0.0.2:2380,c=[::1]:2380": must list as many as cp-member-count (1), lists 3`},
		{three(func(c config) { c.Members[1] = "b" }), `members "a=host-a:2380,b,c=[::1]:2380": "b" must be name=host:port`},
		{three(func(c config) { c.Members[1] = "b=:2380" }), `members "a=host-a:2380,b=:2380,c=[::1]:2380": "b=:2380" must be name=host:port`},
		{three(func(c config) { c.Members[1] = "b=b:0" }), `members "a=host-a:2380,b=b:0,c=[::1]:2380": "b=b:0" must be name=host:port`},
		{three(func(c config) { c.Members[1] = "b=http://b:1" }), `members "a=host-a:2380,b=http://b:1,c=[::1]:2380": "b=http://b:1" must be name=host:port`},
		{three(func(c config) { c.Members[1] = "a=b:1" }), `members "a=host-a:2380,a=b:1,c=[::1]:2380": "a=b:1" and "a=host-a:2380" must have different names and addresses`},
		{three(func(c config) { c.Members[1] = "b=host-a:2380" }), `members "a=host-a:2380,b=host-a:2380,c=[::1]:2380": "b=host-a:2380" and "a=host-a:2380" must have different names and addresses`},
		{three(func(c config) { c.Name = "d" }), `members "a=host-a:2380,b=10.0.0.2:2380,c=[::1]:2380": must list this one's name ("d")`},
		{three(func(c config) { c.PeerListen = "x" }), `peer-listen "x": must be host:port`},
		{func(c config) { c.PeerListen = ":2380" }, `peer-listen ":2380": needs members`},
		{func(c config) { c.Advertise = ":2379" }, `advertise ":2379": must be an address that the others can reach`},
		{func(c config) { c.SessionTTLSeconds = 1 }, `session-ttl-seconds 1: must be 2 to 604800`},
		{func(c config) { c.SessionTTLSeconds = 604801 }, `session-ttl-seconds 604801: must be 2 to 604800`},
		{func(c config) { c.SessionHeartbeatIntervalSeconds = 0 }, `session-heartbeat-interval-seconds 0: must be at least 1 and below session-ttl-seconds (300)`},
		{func(c config) { c.SessionHeartbeatIntervalSeconds = 300 }, `session-heartbeat-interval-seconds 300: must be at least 1 and below session-ttl-seconds (300)`},
		{func(c config) { c.Prefix = "" }, `prefix "": must be 2 to 128 bytes, is 0`},
		{func(c config) { c.Prefix = "/" }, `prefix "/": must be 2 to 128 bytes, is 1`},
		{func(c config) { c.Prefix = "cp" }, `prefix "cp": must end with "/"`},
		{func(c config) { c.Prefix = "a//" }, `prefix "a//": must be printable`},
		{func(c config) { c.Prefix = "%2F/" }, `prefix "%2F/": must be printable`},
		{func(c config) { c.Prefix = "c p/" }, `prefix "c p/": must be printable`},
		{func(c config) { c.Prefix = "\xff/" }, `prefix "\xff/": must be printable`},
		{func(c config) { c.RetryGrace = -1 }, `retry-grace "-1ns": must be 0s to 1m`},
		{func(c config) { c.RetryGrace = time.Hour }, `retry-grace "1h0m0s": must be 0s to 1m`},
		{func(c config) { c.LockAcquireLimit = []string{"1", "a=x"} }, `lock-acquire-limit "a=x": "x" must be a whole number`},
	}
	for _, s := range cases {
		c := cpgate.DefaultConfig()
		s.change(&c)
		err := c.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), s.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("said %v, want %s", err, s.want)
		}
	}
}
