package certs_test

import (
	"crypto/x509"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/internal/certs"
)

// filled is a folder with all that Init makes.
func filled(t *testing.T) (in func(name string) string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "certs")
	if err := certs.Init(dir, certs.Plan{Hosts: []string{"a.example.org", "10.0.0.1"}, Client: "ann", Days: 30}); err != nil {
		t.Fatal(err)
	}
	return func(name string) string { return filepath.Join(dir, name) }
}

func TestInit_MakesEachCertificateGoodForItsUseAlone(t *testing.T) {
	in := filled(t)
	cases := []struct {
		cert, key, ca  string
		server, client bool
	}{
		{certs.ServerCert, certs.ServerKey, certs.CACert, true, true},
		{certs.ClientCert, certs.ClientKey, certs.CACert, false, true},
		{certs.PeerCert, certs.PeerKey, certs.PeerCACert, true, true},
		{certs.ClientCert, certs.ClientKey, certs.PeerCACert, false, false},
		{certs.ServerCert, certs.ServerKey, certs.PeerCACert, false, false},
		{certs.PeerCert, certs.PeerKey, certs.CACert, false, false},
	}
	for _, k := range cases {
		pair, err := certs.LoadPair(in(k.cert), in(k.key))
		if err != nil {
			t.Fatal(err)
		}
		pool, err := certs.LoadPool(in(k.ca))
		if err != nil {
			t.Fatal(err)
		}
		for use, want := range map[x509.ExtKeyUsage]bool{x509.ExtKeyUsageServerAuth: k.server, x509.ExtKeyUsageClientAuth: k.client} {
			_, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{use}})
			if (err == nil) != want {
				t.Errorf("%s by %s for use %v: %v", k.cert, k.ca, use, err)
			}
		}
	}
}

func TestInit_LeavesNothingWhereItCantMakeAll(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(dir, certs.PeerKey)); err != nil {
		t.Fatal(err)
	}
	err := certs.Init(dir, certs.Plan{Hosts: []string{"a"}, Client: "ann", Days: 1})
	if err == nil || !strings.Contains(err.Error(), certs.PeerKey) {
		t.Errorf("said %v", err)
	}
	if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
		t.Errorf("left %v, %v", left, err)
	}
}

func TestOpen_NamesTheSettingAtFault(t *testing.T) {
	in := filled(t)
	good := certs.Files{Cert: in(certs.ServerCert), Key: in(certs.ServerKey), ClientCA: in(certs.CACert)}
	for want, change := range map[string]func(f *certs.Files){
		`cert-file "none": no such file or directory`:     func(f *certs.Files) { f.Cert = "none" },
		`key-file "none": no such file or directory`:      func(f *certs.Files) { f.Key = "none" },
		`client-ca-file "none": no such file`:             func(f *certs.Files) { f.ClientCA = "none" },
		`client-ca-file "` + in(certs.CAKey) + `": holds`: func(f *certs.Files) { f.ClientCA = in(certs.CAKey) },
	} {
		f := good
		change(&f)
		if _, err := certs.Open(f, slog.New(slog.DiscardHandler)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("said %v, want %s", err, want)
		}
	}
	if _, err := certs.Open(good, slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
}
