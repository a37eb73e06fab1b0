package remote

import (
	"crypto/tls"
	"log/slog"
)

// Config says which cluster it is.
type Config struct {
	// Endpoints are where the cluster serves its clients, each as host:port. Empty: Peers tell it.
	Endpoints []string
	// Peers are where members of the cluster listen for one another, each as host:port. They are asked for the addresses
	// of all that vote, and again every few seconds. Not asked where there are Endpoints.
	Peers []string
	// Key is read to find out whether there is a leader. User must be allowed to.
	Key string
	// User and Password are what etcd knows the node by. Empty: the cluster asks nobody who they are.
	User, Password string
	// TLS is for the connections to the endpoints. nil: they are not encrypted.
	TLS *tls.Config
	// PeerTLS is the same for the peers.
	PeerTLS *tls.Config
	// Logger gets the news of the cluster: lost, found, moved. nil: nothing is logged.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}
