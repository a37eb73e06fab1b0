package main

import (
	"crypto/tls"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/cpgate/cpgate/internal/certs"
)

// secure is the TLS of a command on its way to a node.
type secure struct{ ca, cert, key string }

// addSecure gives a command the flags for it.
func addSecure(f *pflag.FlagSet) *secure {
	s := &secure{}
	f.StringVar(&s.ca, "ca-file", "", "PEM `file` with the authority that must have signed the node's certificate; it is "+
		"spoken to over TLS when this is set")
	f.StringVar(&s.cert, "cert-file", "", "PEM `file` with a certificate to show to the node")
	f.StringVar(&s.key, "key-file", "", "PEM `file` with the key of cert-file")
	return s
}

// tls is nil for plain text.
func (s *secure) tls() (*tls.Config, error) {
	switch {
	case s.cert == "" && s.key != "":
		return nil, fmt.Errorf("key-file %q: needs cert-file", s.key)
	case s.cert != "" && s.key == "":
		return nil, fmt.Errorf("cert-file %q: needs key-file", s.cert)
	case s.cert != "" && s.ca == "":
		return nil, fmt.Errorf("cert-file %q: needs ca-file", s.cert)
	case s.ca == "":
		return nil, nil
	}
	pool, err := certs.LoadPool(s.ca)
	if err != nil {
		return nil, fmt.Errorf("ca-file %w", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
	if s.cert != "" {
		err = show(c, s.cert, s.key)
	}
	return c, err
}

// ownTLS is for a node to call itself at its own address: it shows its own certificate, and asks for none that is good
// for that address. nil for a node of plain text, by its environment.
func ownTLS(getenv func(string) string) (*tls.Config, error) {
	cert, key := getenv(envPrefix+"CERT_FILE"), getenv(envPrefix+"KEY_FILE")
	if cert == "" {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
	return c, show(c, cert, key)
}

// show lets a client show a certificate, also where the server names other authorities: it is for the server to say no.
func show(c *tls.Config, cert, key string) error {
	pair, err := certs.LoadPair(cert, key)
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return err
}
