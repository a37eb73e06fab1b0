package client_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"

	"github.com/cpgate/cpgate/client"
)

// A client of a cluster with TLS that asks its clients for a certificate too. The files are those that
// `cpgate certs init certs` makes.
func ExampleNewWith_tls() {
	open := func() (*client.Client, error) {
		ca, err := os.ReadFile("certs/ca.crt")
		if err != nil {
			return nil, err
		}
		trusted := x509.NewCertPool()
		if !trusted.AppendCertsFromPEM(ca) {
			return nil, errors.New("no certificate in certs/ca.crt")
		}
		mine, err := tls.LoadX509KeyPair("certs/client.crt", "certs/client.key")
		if err != nil {
			return nil, err
		}
		return client.NewWith(client.Config{
			Endpoints: []string{"a.example.org:2379", "b.example.org:2379"},
			TLS:       &tls.Config{RootCAs: trusted, Certificates: []tls.Certificate{mine}},
		})
	}
	_ = open
}
