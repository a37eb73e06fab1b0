package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// LoadPair reads a certificate, with those between it and its authority behind it, and its key, both PEM. An error begins
// with the file at fault as the settings name it: `cert-file "x": ...`.
func LoadPair(certFile, keyFile string) (tls.Certificate, error) {
	cert, err := read(certFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("cert-file %w", err)
	}
	key, err := read(keyFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("key-file %w", err)
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return pair, fmt.Errorf("cert-file %q with the key of %q: %s", certFile, keyFile, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return pair, nil
}

// LoadPool reads the certificates of authorities, PEM. An error begins with the file.
func LoadPool(file string) (*x509.CertPool, error) {
	all, err := read(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(all) {
		return nil, fmt.Errorf("%q: holds no certificate in PEM", file)
	}
	return pool, nil
}

func read(file string) ([]byte, error) {
	b, err := os.ReadFile(file)
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if err != nil {
		return nil, fmt.Errorf("%q: %w", file, err)
	}
	return b, nil
}
