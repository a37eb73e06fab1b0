package cpgate

import (
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/cpgate/cpgate/embedded"
	"github.com/cpgate/cpgate/internal/certs"
)

// needs checks a setting that means nothing without others.
func needs(value string, partners ...partner) error {
	for _, p := range partners {
		if value != "" && p.value == "" {
			return fmt.Errorf("needs %s", p.setting)
		}
	}
	return nil
}

// checkPeerTLS checks a setting about TLS between members.
func (c Config) checkPeerTLS(value string, partners ...partner) error {
	if value != "" && len(c.Members) < 2 {
		return errors.New("needs members: a node that is alone talks to no others")
	}
	return needs(value, partners...)
}

// scheme is that of the port's URLs.
func (c Config) scheme() string {
	if c.CertFile != "" {
		return "https"
	}
	return "http"
}

// portTLS is that of the port; nil for plain text.
func (c Config) portTLS() (*tls.Config, error) {
	if c.CertFile == "" {
		return nil, nil
	}
	s, err := certs.Open(certs.Files{Cert: c.CertFile, Key: c.KeyFile, ClientCA: c.ClientCAFile}, c.Logger)
	if err != nil {
		return nil, err
	}
	return s.Config(), nil
}

// peerTLS names the files for etcd, which reads them itself, once they can be used.
func (c Config) peerTLS() (embedded.PeerTLS, error) {
	_, err := c.peerClientTLS()
	return embedded.PeerTLS{CertFile: c.PeerCertFile, KeyFile: c.PeerKeyFile, CAFile: c.PeerCAFile}, err
}

// peerClientTLS is for asking members on their ports for one another; nil for plain text. The certificate is read again
// for every connection.
func (c Config) peerClientTLS() (*tls.Config, error) {
	if c.PeerCertFile == "" {
		return nil, nil
	}
	load := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		pair, err := certs.LoadPair(c.PeerCertFile, c.PeerKeyFile)
		if err != nil {
			return nil, fmt.Errorf("peer-%w", err)
		}
		return &pair, nil
	}
	if _, err := load(nil); err != nil {
		return nil, err
	}
	pool, err := certs.LoadPool(c.PeerCAFile)
	if err != nil {
		return nil, fmt.Errorf("peer-ca-file %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, GetClientCertificate: load}, nil
}
