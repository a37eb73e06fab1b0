package tests_test

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/internal/certs"
)

// Three members that vote, and a standby behind them, with TLS on all ways: what is locked through one is seen through
// every other, also when one of them has come back without its data, and another is lost.
func TestTLS_SecuresAWholeCluster(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	var members []string
	for i := range 4 {
		members = append(members, fmt.Sprintf("m%d=%s", i, unused(t)))
	}
	secure := []string{
		"--cp-member-count=4", "--group-size=3", "--members", strings.Join(members, ","),
		"--cert-file", f.in(certs.ServerCert), "--key-file", f.in(certs.ServerKey), "--client-ca-file", f.in(certs.CACert),
		"--peer-cert-file", f.in(certs.PeerCert), "--peer-key-file", f.in(certs.PeerKey), "--peer-ca-file", f.in(certs.PeerCACert),
	}
	asClientOfOthers := []string{
		"--etcd-ca-file", f.in(certs.CACert), "--etcd-cert-file", f.in(certs.ServerCert), "--etcd-key-file", f.in(certs.ServerKey),
	}
	all := &fleet{T: t}
	for i := range 4 {
		args := append([]string{"--name", fmt.Sprint("m", i)}, secure...)
		if i == 3 { // the standby is a client of the others
			args = append(args, asClientOfOthers...)
		}
		all.all = append(all.all, newProgram(t, args...))
	}
	all.start(all.all...)
	for _, p := range all.all {
		t.Cleanup(p.clear)
	}

	holder := dialTLS(t, f, all.addrs()...)
	if _, err := holder.Lock("orders").Lock(t.Context()); err != nil {
		t.Fatal(err)
	}
	back := all.all[1]
	back.kill()
	if err := os.RemoveAll(back.data); err != nil {
		t.Fatal(err)
	}
	back.args = append(append(back.args, "--rejoin"), asClientOfOthers...)
	back.start()
	all.all[0].kill()
	for _, p := range all.all[1:] {
		if _, ok, err := dialTLS(t, f, p.addr).Lock("orders").TryLock(t.Context(), 0); ok || err != nil {
			t.Errorf("through %s another one got it: %v, %v", p.args[1], ok, err)
		}
	}
}

// dialTLS makes a client with the certificate for one.
func dialTLS(t *testing.T, f folder, endpoints ...string) *client.Client {
	t.Helper()
	c := must(client.NewWith(client.Config{
		Endpoints: endpoints, TLS: identity{trusts: f, shows: f}.tls(t), Logger: slog.New(slog.DiscardHandler),
	}))(t)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
