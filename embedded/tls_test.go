package embedded_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/certs"
)

// peerTLS makes an authority and a certificate for the members on this machine.
func peerTLS(t *testing.T) embedded.PeerTLS {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "certs")
	if err := certs.Init(dir, certs.Plan{Hosts: []string{"127.0.0.1"}, Client: "client", Days: 1}); err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	return embedded.PeerTLS{CertFile: in(certs.PeerCert), KeyFile: in(certs.PeerKey), CAFile: in(certs.PeerCACert)}
}

func TestMembersOfOneAuthorityFormACluster(t *testing.T) {
	t.Parallel()
	all, shared := cluster(t, 3), peerTLS(t)
	for i := range all {
		all[i].Cluster.TLS = shared
	}
	members := startAll(t, all)
	put(t, members[0], "a", "1")
	for _, m := range members {
		wantValue(t, m, "a", "1")
	}
}

// Two members that trust each other go on; the third is never let in.
func TestAMemberThatTheOthersCantTrustStaysOutside(t *testing.T) {
	mine := peerTLS(t)
	clients := mine // the certificate of a client of the port is of another authority, too
	clients.CertFile = filepath.Join(filepath.Dir(mine.CertFile), certs.ClientCert)
	clients.KeyFile = filepath.Join(filepath.Dir(mine.CertFile), certs.ClientKey)
	for name, strange := range map[string]embedded.PeerTLS{
		"of another authority": peerTLS(t),
		"a client's":           clients,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := cluster(t, 3)
			all[0].Cluster.TLS, all[1].Cluster.TLS, all[2].Cluster.TLS = mine, mine, strange
			outside := make(chan error)
			go func() {
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				m, err := embedded.Start(ctx, all[2])
				if err == nil {
					_ = m.Close()
				}
				outside <- err
			}()
			members := startAll(t, all[:2])
			put(t, members[0], "a", "1")
			if err := <-outside; err == nil {
				t.Error("it was let in")
			}
			wantValue(t, members[1], "a", "1")
		})
	}
}

func TestAClusterWithoutTLSIsNotJoinedWithIt(t *testing.T) {
	t.Parallel()
	all := cluster(t, 3)
	all[2].Cluster.TLS = peerTLS(t)
	startAll(t, all[:2])
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if m, err := embedded.Start(ctx, all[2]); err == nil {
		_ = m.Close()
		t.Error("it was let in")
	}
}
