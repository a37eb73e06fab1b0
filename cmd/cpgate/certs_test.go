package main_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/cpgate/cpgate/client"
)

// withCerts are the flags of a node that uses what `certs init certs` made.
var withCerts = []string{"--cert-file=certs/server.crt", "--key-file=certs/server.key", "--client-ca-file=certs/ca.crt"}

func TestCertsInit_MakesWhatANodeAndItsClientsNeed(t *testing.T) {
	s := newSandbox(t)
	said := s.works("certs", "init", "certs")
	if want := "cpgate serve --cert-file certs/server.crt --key-file certs/server.key --client-ca-file certs/ca.crt\n"; !strings.Contains(said, want) {
		t.Errorf("no %q in\n%s", want, said)
	}
	n := s.serve(withCerts...)
	c, err := client.NewWith(client.Config{Endpoints: []string{n.addr}, TLS: s.clientTLS("client")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Lock("orders").Lock(t.Context()); err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	s.runHint(n.line)
	n.stop(syscall.SIGTERM)
}

// clientTLS is that of a client with the certificate of that name.
func (s *sandbox) clientTLS(name string) *tls.Config {
	s.Helper()
	in := func(name string) string { return filepath.Join(s.dir, "certs", name) }
	pair, err := tls.LoadX509KeyPair(in(name+".crt"), in(name+".key"))
	if err != nil {
		s.Fatal(err)
	}
	ca, err := os.ReadFile(in("ca.crt"))
	if err != nil {
		s.Fatal(err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: x509.NewCertPool()}
	c.RootCAs.AppendCertsFromPEM(ca)
	return c
}

// runHint does what the line of a node suggests to try, which must open a session.
func (s *sandbox) runHint(line string) {
	s.Helper()
	_, try, _ := strings.Cut(strings.TrimSpace(line), "try: ")
	if _, err := exec.LookPath("curl"); err != nil {
		s.Skip("there is no curl to try the line with")
	}
	c := exec.CommandContext(s.Context(), "sh", "-c", "exec "+try+" --silent --show-error")
	c.Dir = s.dir
	if out, err := c.CombinedOutput(); err != nil || !strings.Contains(string(out), "session_id") {
		s.Errorf("%s: %v: %s", try, err, out)
	}
}

func TestServe_SaysHowToCallItOverTLS(t *testing.T) {
	cases := map[string]struct {
		folder string // where the certificate is
		flags  []string
		want   string
	}{
		"its authority beside it": {
			"certs",
			[]string{"--cert-file=certs/server.crt", "--key-file=certs/server.key"},
			"curl --cacert certs/ca.crt -X POST https://ADDR/v1/sessions",
		},
		"clients with a certificate": {
			"certs", withCerts, "curl --cacert certs/ca.crt --cert certs/client.crt --key certs/client.key -X POST https://ADDR/v1/sessions",
		},
		"nothing beside it": {
			"other",
			[]string{"--cert-file=other/server.crt", "--key-file=other/server.key", "--client-ca-file=certs/ca.crt"},
			"curl --cert CERT --key KEY -X POST https://ADDR/v1/sessions",
		},
	}
	for name, k := range cases {
		t.Run(name, func(t *testing.T) {
			s := newSandbox(t)
			s.works("certs", "init", "certs")
			if k.folder != "certs" {
				s.copyServerCert(k.folder)
			}
			n := s.serve(k.flags...)
			want := fmt.Sprintf("cpgate: serving on %s over TLS (data in cpgate.data) - try: %s\n", n.addr, strings.ReplaceAll(k.want, "ADDR", n.addr))
			if n.line != want {
				t.Errorf("said %swant %s", n.line, want)
			}
			n.stop(syscall.SIGTERM)
		})
	}
}

func (s *sandbox) copyServerCert(folder string) {
	s.Helper()
	if err := os.Mkdir(filepath.Join(s.dir, folder), 0o700); err != nil {
		s.Fatal(err)
	}
	for _, name := range []string{"server.crt", "server.key"} {
		b, err := os.ReadFile(filepath.Join(s.dir, "certs", name))
		if err != nil {
			s.Fatal(err)
		}
		s.write(filepath.Join(folder, name), string(b))
	}
}

func TestCertsInit_KeepsKeysToTheUser(t *testing.T) {
	s := newSandbox(t)
	s.works("certs", "init", "a/certs")
	for path, want := range map[string]os.FileMode{
		"a": 0o700, "a/certs": 0o700, "a/certs/ca.key": 0o600, "a/certs/server.key": 0o600, "a/certs/client.key": 0o600,
		"a/certs/peer-ca.key": 0o600, "a/certs/peer.key": 0o600,
	} {
		info, err := os.Stat(filepath.Join(s.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestCertsInit_OverwritesNothing(t *testing.T) {
	s := newSandbox(t)
	s.write("client.key", "mine")
	s.refuses(`"client.key": is there already, nothing was made`, "certs", "init", ".")
	s.write("file", "")
	s.refuses(`"file/ca.crt": not a directory`, "certs", "init", "file")
}

func TestCertsInit_NamesHostsAndClientAsTold(t *testing.T) {
	s := newSandbox(t)
	s.works("certs", "init", "certs", "--host=a.example.org,10.0.0.1", "--host", "::1", "--client-name=root", "--days=2")
	server := s.clientTLS("server").Certificates[0].Leaf
	for host, good := range map[string]bool{"a.example.org": true, "10.0.0.1": true, "::1": true, "localhost": false} {
		if err := server.VerifyHostname(host); (err == nil) != good {
			t.Errorf("%s: %v", host, err)
		}
	}
	if name := server.Subject.CommonName; name != "" {
		t.Errorf("etcd takes a node for the user %q", name)
	}
	leaf := s.clientTLS("client").Certificates[0].Leaf
	if leaf.Subject.CommonName != "root" || leaf.NotAfter.Sub(leaf.NotBefore).Hours() > 50 {
		t.Errorf("the client's is of %q until %v", leaf.Subject.CommonName, leaf.NotAfter)
	}
}

func TestCertsInit_RefusesWhatCantBeInACertificate(t *testing.T) {
	cases := map[string]string{
		"--host=a:1":        `host "a:1": must be a name or an IP address, without a port`,
		"--host=a,":         `host "": must be a name or an IP address, without a port`,
		"--host=":           `host: must name at least one`,
		"--client-name=":    `client-name "": must be 1 to 64 bytes`,
		"--days=0":          `days 0: must be 1 to 3650`,
		"--hosts=a":         `unknown flag: --hosts: did you mean --host?`,
		"another-directory": `accepts 1 arg(s), received 2`,
	}
	s := newSandbox(t)
	for flag, want := range cases {
		s.refuses(want, "certs", "init", "certs", flag)
	}
}

func TestServe_RefusesCertificatesThatItCantUse(t *testing.T) {
	s := newSandbox(t)
	s.works("certs", "init", "certs")
	s.write("text", "hello")
	three := []string{"--name=a", "--cp-member-count=3", "--members=a=localhost:1,b=localhost:2,c=localhost:3"}
	for flags, want := range map[string]string{
		"--cert-file=none --key-file=certs/server.key":                                                                `cert-file "none": no such file or directory`,
		"--cert-file=certs/server.crt --key-file=certs":                                                               `key-file "certs": is a directory`,
		"--cert-file=certs/server.crt --key-file=certs/peer.key":                                                      `cert-file "certs/server.crt" with the key of "certs/peer.key": private key does not match public key`,
		"--cert-file=text --key-file=certs/server.key":                                                                `cert-file "text" with the key of "certs/server.key": failed to find any PEM data in certificate input`,
		"--cert-file=certs/server.crt --key-file=certs/server.key --client-ca-file=text":                              `client-ca-file "text": holds no certificate in PEM`,
		"--peer-cert-file=none --peer-key-file=x --peer-ca-file=x " + strings.Join(three, " "):                        `peer-cert-file "none": no such file or directory`,
		"--peer-cert-file=certs/peer.crt --peer-key-file=certs/peer.key --peer-ca-file=x " + strings.Join(three, " "): `peer-ca-file "x": no such file or directory`,
	} {
		s.refuses(want, append([]string{"serve", "--listen=127.0.0.1:0"}, strings.Fields(flags)...)...)
	}
}

// A node that says https answers no plain text.
func TestServe_TellsACallerInPlainTextToUseHTTPS(t *testing.T) {
	s := newSandbox(t)
	s.works("certs", "init", "certs")
	n := s.serve(withCerts...)
	code, body := n.call(http.MethodPost, "/v1/sessions", "")
	if code != http.StatusBadRequest || !regexp.MustCompile("TLS.*https").MatchString(body) {
		t.Errorf("%d %s", code, body)
	}
	n.stop(syscall.SIGTERM)
}
