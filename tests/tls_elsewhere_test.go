package tests_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/internal/certs"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
)

// An etcd elsewhere may want TLS, and a certificate. The node shows one that names nobody, since etcd might take whoever
// calls its own API through the node for the one who is named.
func TestTLS_SecuresTheWayToAnEtcdElsewhere(t *testing.T) {
	t.Parallel()
	ours, foreign := newFolder(t), newFolder(t)
	e := runEtcdWithTLS(t, identity{trusts: ours, shows: ours}.tls(t), "--client-cert-auth",
		"--cert-file", ours.in(certs.ServerCert), "--key-file", ours.in(certs.ServerKey), "--trusted-ca-file", ours.in(certs.CACert))
	for what, c := range map[string]struct {
		trusts    folder
		shows     folder // empty for no certificate
		cert, key string
		said      string // empty where the node starts
	}{
		"another authority":            {foreign, ours, certs.ServerCert, certs.ServerKey, "signed by unknown authority"},
		"one's of another authority":   {ours, foreign, certs.ServerCert, certs.ServerKey, "remote error: tls: "},
		"no certificate":               {ours, "", "", "", "tls: certificate required"},
		"a certificate that names one": {ours, ours, certs.ClientCert, certs.ClientKey, `must have no common name, has "client"`},
		"what is wanted":               {ours, ours, certs.ServerCert, certs.ServerKey, ""},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			cfg := cpgate.DefaultConfig()
			cfg.Listen, cfg.CPMemberCount, cfg.EtcdEndpoints = "127.0.0.1:0", 0, []string{e.addr}
			cfg.EtcdCAFile = c.trusts.in(certs.CACert)
			if c.shows != "" {
				cfg.EtcdCertFile, cfg.EtcdKeyFile = c.shows.in(c.cert), c.shows.in(c.key)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
			defer cancel()
			n, err := cpgate.Start(ctx, cfg)
			if c.said != "" {
				if err == nil || !strings.Contains(err.Error(), c.said) {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = n.Close() })
			r := serving(t, n.Addr())
			r.hold(&cpgatev1.LockRequest{Name: "orders", SessionId: r.session(0)})
		})
	}
}
