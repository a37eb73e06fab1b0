package cpgate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/remote"
)

func (c Config) checkRejoin() error {
	switch {
	case !c.Rejoin:
		return nil
	case len(c.Members) < 2:
		return errors.New("needs members: there are no others to join")
	case !c.votes():
		return errors.New("is for members that vote: a standby keeps nothing that could be lost")
	}
	return nil
}

// rejoin makes this member, which has no state, a new one of the cluster that the others form, for which it waits, and
// returns that cluster. A member that has lost what it promised must not come back as who it was: it could promise the
// opposite. So whoever has its name goes first, and so does whoever was added at its address and never seen since.
func (c Config) rejoin(ctx context.Context, cluster embedded.Cluster) (embedded.Cluster, error) {
	r, err := c.remote()
	if err != nil {
		return cluster, err
	}
	others, err := remote.Open(ctx, r)
	if err != nil {
		return cluster, fmt.Errorf("rejoining: %w", err)
	}
	defer func() { _ = others.Close() }()
	self := c.self(cluster.Peers)
	joined := newcomer{client: others.Client(), name: self.Name, url: c.peerScheme() + self.Address}
	if cluster.Peers, err = joined.replace(ctx); err != nil {
		return cluster, fmt.Errorf("rejoining: %w", err)
	}
	c.Logger.Info("rejoined the cluster as a new member", "name", self.Name, "members", len(cluster.Peers))
	cluster.Join = true
	return cluster, nil
}

func (c Config) peerScheme() string {
	if c.PeerCertFile != "" {
		return "https://"
	}
	return "http://"
}

// sameID is how long etcd gives whoever is added at an address the same id, which it refuses to one that was removed under it.
const sameID = time.Second

// newcomer is a member about to join.
type newcomer struct {
	client    *clientv3.Client
	name, url string
}

// replace removes the newcomer's old selves, adds it, and returns the members that there are then.
func (n newcomer) replace(ctx context.Context) ([]embedded.Peer, error) {
	list, err := n.client.MemberList(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the members: %w", err)
	}
	learner, pause := false, time.Duration(0)
	for _, m := range list.Members {
		old, err := n.was(m)
		if err != nil {
			return nil, err
		}
		if old {
			learner, pause = m.IsLearner, sameID
			if err := n.remove(ctx, m.ID); err != nil {
				return nil, fmt.Errorf("removing its old self (%x): %w", m.ID, err)
			}
		}
	}
	select {
	case <-time.After(pause):
		return n.add(ctx, learner)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// was reports whether m is an old self of the newcomer.
func (n newcomer) was(m *pb.Member) (bool, error) {
	here := slices.Contains(m.PeerURLs, n.url)
	switch {
	case m.Name == n.name, here && m.Name == "":
		return true, nil
	case here:
		return false, fmt.Errorf("member %q has the address of %q: remove it first", m.Name, n.name)
	}
	return false, nil
}

func (n newcomer) remove(ctx context.Context, id uint64) error {
	return remote.WhenWell(ctx, func() error {
		_, err := n.client.MemberRemove(ctx, id)
		return err
	})
}

func (n newcomer) add(ctx context.Context, learner bool) (peers []embedded.Peer, err error) {
	add := n.client.MemberAdd
	if learner {
		add = n.client.MemberAddAsLearner
	}
	var added *clientv3.MemberAddResponse
	err = remote.WhenWell(ctx, func() (err error) {
		added, err = add(ctx, []string{n.url})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("adding it: %w", err)
	}
	for _, m := range added.Members {
		name := m.Name
		switch {
		case m.ID == added.Member.ID:
			name = n.name
		case name == "":
			name = fmt.Sprintf("%x", m.ID) // another one that has not started yet
		}
		_, address, _ := strings.Cut(m.PeerURLs[0], "://")
		peers = append(peers, embedded.Peer{Name: name, Address: address})
	}
	return peers, nil
}
