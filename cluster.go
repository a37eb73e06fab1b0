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

// checkMemberCount checks how many members there are to be, against who they are.
func (c Config) checkMemberCount() error {
	switch {
	case !slices.Contains(votersAllowed, c.CPMemberCount):
		return errors.New("must be 1, 3, 5 or 7")
	case c.CPMemberCount > 1 && len(c.Members) != c.CPMemberCount:
		return fmt.Errorf("members must list as many, lists %d", len(c.Members))
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
	return embedded.Cluster{Listen: listen, Peers: peers}, nil
}
