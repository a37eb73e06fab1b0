package cpgate

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cpgate/cpgate/embedded"
)

// votersAllowed are the sizes of a Raft group that a loss divides into a majority and the rest.
var votersAllowed = []int{1, 3, 5, 7}

// external reports whether the node serves an etcd cluster that is none of ours.
func (c Config) external() bool { return c.CPMemberCount == 0 }

// voters is how many of the members vote.
func (c Config) voters() int {
	if c.GroupSize == 0 {
		return c.CPMemberCount
	}
	return c.GroupSize
}

// votes reports whether the node has a member of its own.
func (c Config) votes() bool { return !c.external() && !c.standsBy() }

// standsBy reports whether the node is one of the members that do not vote.
func (c Config) standsBy() bool {
	peers, err := c.peers()
	place := slices.IndexFunc(peers, func(p embedded.Peer) bool { return p.Name == c.Name })
	return err == nil && place >= c.voters()
}

// checkMemberCount checks how many members there are to be, against who they are.
func (c Config) checkMemberCount() error {
	switch {
	case c.CPMemberCount < 0:
		return errors.New("must be 0 or more")
	case c.external() && len(c.EtcdEndpoints) == 0:
		return errors.New("needs etcd-endpoints: without members, the node serves an etcd cluster that runs elsewhere")
	case c.external():
		return nil
	case c.GroupSize == 0 && !slices.Contains(votersAllowed, c.CPMemberCount):
		return errors.New("must be 1, 3, 5 or 7, unless group-size says how many of them vote")
	case c.CPMemberCount > 1 && len(c.Members) != c.CPMemberCount:
		return fmt.Errorf("members must list as many, lists %d", len(c.Members))
	}
	return nil
}

func (c Config) checkGroupSize() error {
	switch {
	case c.GroupSize == 0:
		return nil
	case c.external():
		return errors.New("needs members: with cp-member-count 0 there is nobody to vote")
	case !slices.Contains(votersAllowed, c.GroupSize):
		return errors.New("must be 1, 3, 5 or 7")
	case c.GroupSize > c.CPMemberCount:
		return fmt.Errorf("must be at most cp-member-count (%d)", c.CPMemberCount)
	}
	return nil
}

// peers reads Members, which list nobody for a member that is alone.
func (c Config) peers() ([]embedded.Peer, error) {
	var all []embedded.Peer
	for _, m := range c.Members {
		name, address, _ := strings.Cut(m, "=")
		if err := errors.Join(checkName(name), checkPeerAddress(address)); err != nil {
			return nil, fmt.Errorf("%q must be name=host:port", m)
		}
		for _, p := range all {
			if p.Name == name || p.Address == address {
				return nil, fmt.Errorf("%q and \"%s=%s\" must have different names and addresses", m, p.Name, p.Address)
			}
		}
		all = append(all, embedded.Peer{Name: name, Address: address})
	}
	return all, nil
}

func checkPeerAddress(s string) error {
	if strings.HasPrefix(s, ":") || strings.HasSuffix(s, ":0") {
		return errors.New("must be an address that the others can reach")
	}
	return checkListen(s)
}

func (c Config) checkMembers() error {
	peers, err := c.peers()
	switch {
	case err != nil:
		return err
	case len(peers) > 0 && len(peers) != c.CPMemberCount:
		return fmt.Errorf("must list as many as cp-member-count (%d), lists %d", c.CPMemberCount, len(peers))
	case len(peers) > 0 && c.self(peers) == nil:
		return fmt.Errorf("must list this one's name (%q)", c.Name)
	}
	return nil
}

// self is this member among the peers, nil when it is none of them.
func (c Config) self(peers []embedded.Peer) *embedded.Peer {
	for _, p := range peers {
		if p.Name == c.Name {
			return &p
		}
	}
	return nil
}

func (c Config) checkPeerListen() error {
	switch {
	case c.PeerListen == "":
		return nil
	case len(c.Members) == 0:
		return errors.New("needs members: a member that is alone listens for no others")
	case c.standsBy():
		return fmt.Errorf("must be empty for a standby, and %q comes behind the members that vote (%d)", c.Name, c.voters())
	}
	return checkListen(c.PeerListen)
}

func checkAdvertise(s string) error {
	if s == "" {
		return nil
	}
	return checkPeerAddress(s)
}

// cluster says with whom the node's member forms a cluster. The configuration has been checked.
func (c Config) cluster() (embedded.Cluster, error) {
	peers, err := c.peers()
	if err != nil || len(peers) < 2 {
		return embedded.Cluster{}, err
	}
	listen := c.PeerListen
	if listen == "" {
		listen = c.self(peers).Address
	}
	tls, err := c.peerTLS()
	return embedded.Cluster{Listen: listen, Peers: peers[:c.voters()], TLS: tls}, err
}
