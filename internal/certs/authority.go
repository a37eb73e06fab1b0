package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"net"
	"time"
)

const (
	// authorityYears is how long an authority is good.
	authorityYears = 10
	// skew is how far the clock of another machine may be behind when it first meets a new certificate.
	skew = time.Hour
)

// Pair is a certificate and its key, in PEM.
type Pair struct{ Cert, Key []byte }

// Authority signs certificates.
type Authority struct {
	Pair
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// Leaf says what a certificate is to be good for.
type Leaf struct {
	Name   string   // its common name; may be empty where there are hosts
	Hosts  []string // names and IP addresses at which its bearer is reached
	Client bool     // its bearer may call others
	Server bool     // its bearer may be called
	Days   int      // how long it is good
}

// NewAuthority makes an authority that is good for ten years.
func NewAuthority(name string) (*Authority, error) {
	a := &Authority{}
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.AddDate(authorityYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true, // it signs leafs only
	}
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	if a.Pair, err = sign(template, template, a.key, a.key); err != nil {
		return nil, err
	}
	block, _ := pem.Decode(a.Cert)
	a.cert, err = x509.ParseCertificate(block.Bytes)
	return a, err
}

// Issue makes a key and a certificate for it.
func (a *Authority) Issue(l Leaf) (Pair, error) {
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: l.Name},
		NotBefore:             now.Add(-skew),
		NotAfter:              now.AddDate(0, 0, l.Days),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
	}
	if l.Client {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageClientAuth)
	}
	if l.Server {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
	}
	for _, h := range l.Hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, fmt.Errorf("making a key: %w", err)
	}
	return sign(template, a.cert, key, a.key)
}

// sign makes the certificate of a key, signed with that of its authority.
func sign(template, parent *x509.Certificate, key, with *ecdsa.PrivateKey) (p Pair, err error) {
	cert, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), with)
	if err != nil {
		return p, fmt.Errorf("signing a certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return p, fmt.Errorf("writing a key: %w", err)
	}
	p.Cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	p.Key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return p, nil
}
