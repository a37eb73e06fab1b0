package main_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// names are all settings that a configuration file can have, as flags.
var names = []string{
	"listen", "data-dir", "name", "session-ttl-seconds", "session-heartbeat-interval-seconds", "prefix",
	"cp-member-count", "group-size", "members", "peer-listen", "rejoin", "advertise", "cert-file", "key-file", "client-ca-file",
	"peer-cert-file", "peer-key-file", "peer-ca-file", "auth-token", "quota-bytes", "etcd-endpoints", "etcd-user", "etcd-password-file",
	"etcd-ca-file", "etcd-cert-file", "etcd-key-file", "lock-acquire-limit", "retry-grace", "log-level", "log-format",
}

func envOf(name string) string {
	return "CPGATE_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

func TestConfigPrint_ShowsTheDefaults(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	want := `listen: 127.0.0.1:2379 # default
data_dir: cpgate.data # default
name: ` + host + ` # default
cp_member_count: 1 # default
group_size: 0 # default
# default
members: []
peer_listen: "" # default
rejoin: false # default
advertise: "" # default
cert_file: "" # default
key_file: "" # default
client_ca_file: "" # default
peer_cert_file: "" # default
peer_key_file: "" # default
peer_ca_file: "" # default
auth_token: "" # default
quota_bytes: 0 # default
# default
etcd_endpoints: []
etcd_user: "" # default
etcd_password_file: "" # default
etcd_ca_file: "" # default
etcd_cert_file: "" # default
etcd_key_file: "" # default
session_ttl_seconds: 300 # default
session_heartbeat_interval_seconds: 5 # default
prefix: cp/ # default
# default
lock_acquire_limit: []
retry_grace: 2s # default
log_level: info # default
log_format: text # default
`
	if got := newSandbox(t).works("config", "print"); got != want {
		t.Errorf("got\n%s", got)
	}
}

func TestConfig_FlagsBeatTheEnvironmentBeatsTheFileBeatsTheDefaults(t *testing.T) {
	s := newSandbox(t)
	s.write("c.yaml", "prefix: file/\nname: file\nsession_ttl_seconds: 30\nlock_acquire_limit: [file=1]\n")
	s.set("CPGATE_CONFIG=c.yaml", "CPGATE_NAME=env", "CPGATE_SESSION_TTL_SECONDS=20", "CPGATE_LOCK_ACQUIRE_LIMIT=a=1,2")
	got := s.works("config", "print", "--session-ttl-seconds", "10", "--retry-grace=1s")
	for _, want := range []string{
		"listen: 127.0.0.1:2379 # default\n",
		"prefix: file/ # file c.yaml line 1\n",
		"name: env # env CPGATE_NAME\n",
		"session_ttl_seconds: 10 # flag --session-ttl-seconds\n",
		"# env CPGATE_LOCK_ACQUIRE_LIMIT\nlock_acquire_limit:\n  - a=1\n  - \"2\"\n",
		"retry_grace: 1s # flag --retry-grace\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestConfig_TheFlagNamesAnotherFileThanTheEnvironment(t *testing.T) {
	s := newSandbox(t)
	s.write("a.yaml", "name: a")
	s.write("b.yaml", "name: b")
	s.set("CPGATE_CONFIG=a.yaml")
	if got := s.works("config", "print", "--config", "b.yaml"); !strings.Contains(got, "name: b # file b.yaml line 1\n") {
		t.Errorf("got\n%s", got)
	}
}

func TestConfigPrint_CanBeReadBackWhateverIsSet(t *testing.T) {
	s := newSandbox(t)
	flags := []string{
		"--listen=[::1]:0", "--data-dir= ü: #x\n'\"", "--name=007", "--session-ttl-seconds=2", "--log-format=json",
		"--session-heartbeat-interval-seconds=1", "--prefix=yes/", "--lock-acquire-limit=*=3,- a: b=1",
		"--lock-acquire-limit", "4", "--retry-grace=1m", "--log-level=error", "--advertise=a:2379",
		"--cert-file=a cert", "--key-file=007", "--client-ca-file=#ca",
	}
	for _, role := range [][]string{
		{
			"--cp-member-count=3", "--group-size=1", "--members=007=a:1", "--members=b=b:1,c=[::1]:2", "--peer-listen=:1", "--rejoin",
			"--peer-cert-file=~", "--peer-key-file=null", "--peer-ca-file='",
			"--auth-token=jwt,priv-key=a b,sign-method=RS256,ttl=10m", "--quota-bytes=16777216",
		},
		{
			"--cp-member-count=0", "--etcd-endpoints=a:1,b:2", "--etcd-endpoints=[::1]:3", "--etcd-user=007",
			"--etcd-password-file=a b", "--etcd-ca-file=ca", "--etcd-cert-file=cert", "--etcd-key-file=no",
		},
	} {
		first := s.works(slices.Concat([]string{"config", "print"}, flags, role)...)
		s.write("c.yaml", first)
		second := s.works("config", "print", "--config=c.yaml")
		origin := regexp.MustCompile(`(?m)# (flag .*|file .*|default)$`)
		if a, b := origin.ReplaceAllString(first, ""), origin.ReplaceAllString(second, ""); a != b {
			t.Errorf("first\n%s\nthen\n%s", a, b)
		}
		if n := strings.Count(second, "# file c.yaml line "); n != len(names) {
			t.Errorf("%d of %d settings come from the file:\n%s", n, len(names), second)
		}
	}
}

func TestConfig_AnEmptyFileSetsNothing(t *testing.T) {
	for _, content := range []string{"", "# nothing\n", "---\n", "{}", "~"} {
		s := newSandbox(t)
		s.write("c.yaml", content)
		if got := s.works("config", "print", "--config=c.yaml"); strings.Contains(got, "file c.yaml") {
			t.Errorf("%q sets\n%s", content, got)
		}
	}
}

func TestConfig_LetsKubernetesDescribeItsServices(t *testing.T) {
	s := newSandbox(t)
	s.set("KUBERNETES_SERVICE_HOST=10.0.0.1", "CPGATE_SERVICE_HOST=10.0.0.2", "CPGATE_SERVICE_PORT_GRPC=2379",
		"CPGATE_PORT=tcp://10.0.0.2:2379", "CPGATE_PORT_2379_TCP_ADDR=10.0.0.2", "CPGATE_PEERS_PORT=tcp://10.0.0.3:1")
	s.works("config", "print")
	s.set("CPGATE_PREFX=1")
	s.refuses(`CPGATE_PREFX "1": no such setting, did you mean CPGATE_PREFIX?`, "config", "print")
}

func TestHelp_HasEverySettingWithItsVariableAndItsDefault(t *testing.T) {
	s := newSandbox(t)
	for _, command := range []string{"serve", "config print"} {
		help := s.works(append(strings.Fields(command), "--help")...)
		for _, name := range append(names, "config") {
			if !strings.Contains(help, "--"+name+" ") || !strings.Contains(help, "["+envOf(name)+"]") {
				t.Errorf("no %s in the help of %s:\n%s", name, command, help)
			}
		}
		if n := strings.Count(help, "(default "); n != len(names) {
			t.Errorf("%d defaults for %d settings in\n%s", n, len(names), help)
		}
	}
}

func TestVersion_TellsTheBuildGoAndEtcd(t *testing.T) {
	got := newSandbox(t).works("version")
	if !regexp.MustCompile(`^cpgate \S+ go1\.\S+ \w+/\w+ etcd 3\.7\.\d+\n$`).MatchString(got) {
		t.Errorf("said %q", got)
	}
}

func TestProgram_ExplainsItselfWhenAskedForNothing(t *testing.T) {
	if got := newSandbox(t).works(); !strings.Contains(got, "serve") {
		t.Errorf("said %q", got)
	}
}
