package embedded

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"go.etcd.io/etcd/server/v3/embed"
)

// Peer is one member of a cluster as the others reach it.
type Peer struct {
	Name    string
	Address string // host:port
}

// Cluster says with whom a member forms a cluster. The zero value is a member that is alone.
type Cluster struct {
	// Listen is where the other members reach this one, host:port of this machine.
	Listen string
	// Peers are all the members with which the cluster begins, this one among them, the same for each of them. Behind
	// its first start a member knows its cluster from its data folder.
	Peers []Peer
	// Join is set for a member that was added to a cluster that exists: Peers are the members of that one then.
	Join bool
	// TLS is that between members.
	TLS PeerTLS
}

// PeerTLS names files in PEM: a certificate of this member, its key, and the authority of the certificates of all. etcd reads
// them anew for every connection. Each member, calling and called, must show a certificate of that authority, good for
// the address from which it calls or at which it is called. The zero value is plain text. All members have TLS or none, and
// a cluster keeps what it began with, for their addresses are known as http or https.
type PeerTLS struct{ CertFile, KeyFile, CAFile string }

func (t PeerTLS) scheme() string {
	if t.CertFile == "" {
		return "http"
	}
	return "https"
}

func (c Cluster) alone() bool { return len(c.Peers) == 0 }

// etcd sets what the cluster makes of etcd's own settings.
func (c Cluster) etcd(e *embed.Config) error {
	if c.alone() {
		return alone(e)
	}
	listen, err := c.peerURL(c.Listen)
	if err != nil {
		return err
	}
	e.ListenPeerUrls = []url.URL{*listen}
	var all []string
	for _, p := range c.Peers {
		u, err := c.peerURL(p.Address)
		if err != nil {
			return err
		}
		all = append(all, p.Name+"="+u.String())
		if p.Name == e.Name {
			e.AdvertisePeerUrls = []url.URL{*u}
		}
	}
	if e.AdvertisePeerUrls == nil {
		return fmt.Errorf("%q is none of the members", e.Name)
	}
	slices.Sort(all)
	e.InitialCluster = strings.Join(all, ",")
	e.InitialClusterToken = token(e.InitialCluster)
	if c.TLS != (PeerTLS{}) {
		e.PeerTLSInfo.CertFile, e.PeerTLSInfo.KeyFile = c.TLS.CertFile, c.TLS.KeyFile
		e.PeerTLSInfo.TrustedCAFile, e.PeerTLSInfo.ClientCertAuth = c.TLS.CAFile, true
	}
	if c.Join {
		e.ClusterState = embed.ClusterStateFlagExisting
	}
	return nil
}

// alone is for a member with no cluster: it opens no socket. Its token is random, since etcd derives the ids of cluster
// and members from it: two lone members must not look like one.
func alone(e *embed.Config) error {
	u, err := url.Parse(loneURL)
	if err != nil {
		return fmt.Errorf("reading the peer address: %w", err)
	}
	e.ListenPeerUrls, e.AdvertisePeerUrls = nil, []url.URL{*u}
	e.InitialCluster = e.InitialClusterFromName(e.Name)
	e.InitialClusterToken = rand.Text()
	return nil
}

// token tells clusters apart that have nothing to do with each other; those who begin one have to agree on it.
func token(members string) string {
	sum := sha256.Sum256([]byte(members))
	return hex.EncodeToString(sum[:8])
}

var errPeerAddress = errors.New("must be host:port")

func (c Cluster) peerURL(address string) (*url.URL, error) {
	u, err := url.Parse(c.TLS.scheme() + "://" + address)
	if err != nil || u.Port() == "" || u.Hostname() == "" || u.Host != address {
		return nil, fmt.Errorf("peer address %q: %w", address, errPeerAddress)
	}
	return u, nil
}
