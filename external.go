package cpgate

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cpgate/cpgate/remote"
)

func (c Config) checkEtcdEndpoints() error {
	if len(c.EtcdEndpoints) > 0 && !c.external() {
		return errors.New("needs cp-member-count 0: with members, they are the etcd cluster")
	}
	for _, e := range c.EtcdEndpoints {
		if checkPeerAddress(e) != nil {
			return fmt.Errorf("%q must be host:port", e)
		}
	}
	return nil
}

// partner is a setting without which another one means nothing.
type partner struct{ setting, value string }

// checkEtcd checks a setting about an etcd elsewhere.
func (c Config) checkEtcd(value string, partners ...partner) error {
	if value != "" && c.votes() && !c.Rejoin {
		return errors.New("needs cp-member-count 0 or a standby: this node is a member of the etcd that it serves")
	}
	return needs(value, partners...)
}

// remote says where the node's etcd is when it is not its own. The configuration has been checked.
func (c Config) remote() (r remote.Config, err error) {
	r = remote.Config{Endpoints: c.EtcdEndpoints, Key: c.Prefix, User: c.EtcdUser, Logger: c.Logger}
	if c.standsBy() || c.Rejoin {
		if r.Peers, err = c.voterAddresses(); err != nil {
			return r, err
		}
	}
	if r.Password, err = readPassword(c.EtcdPasswordFile); err != nil {
		return r, err
	}
	if r.PeerTLS, err = c.peerClientTLS(); err != nil {
		return r, err
	}
	r.TLS, err = c.etcdTLS()
	return r, err
}

func (c Config) voterAddresses() (addresses []string, err error) {
	peers, err := c.peers()
	if err != nil {
		return nil, err
	}
	for _, p := range peers[:c.voters()] {
		addresses = append(addresses, p.Address)
	}
	return addresses, nil
}

// readPassword reads a file of one line.
func readPassword(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("etcd-password-file %q: %w", path, reason(err))
	}
	password := strings.TrimRight(string(b), "\r\n")
	if password == "" || strings.ContainsAny(password, "\r\n") {
		return "", fmt.Errorf("etcd-password-file %q: must hold one line, the password", path)
	}
	return password, nil
}

// reason is what went wrong with a file, without the path that is told already.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// etcdTLS is nil where the etcd elsewhere is spoken to in the clear. The certificate is read again for every connection.
func (c Config) etcdTLS() (*tls.Config, error) {
	if c.EtcdCAFile == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(c.EtcdCAFile)
	if err != nil {
		return nil, fmt.Errorf("etcd-ca-file %q: %w", c.EtcdCAFile, reason(err))
	}
	t := &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("etcd-ca-file %q: holds no certificate", c.EtcdCAFile)
	}
	if c.EtcdCertFile == "" {
		return t, nil
	}
	t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return c.etcdCertificate() }
	_, err = c.etcdCertificate()
	return t, err
}

// etcdCertificate refuses a certificate that names somebody: where etcd goes by names in certificates, it would take
// everybody who calls its own API through this node for that one.
func (c Config) etcdCertificate() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(c.EtcdCertFile, c.EtcdKeyFile)
	if err != nil {
		return nil, fmt.Errorf("etcd-cert-file %q, etcd-key-file %q: %w", c.EtcdCertFile, c.EtcdKeyFile, reason(err))
	}
	if name := pair.Leaf.Subject.CommonName; name != "" {
		return nil, fmt.Errorf("etcd-cert-file %q: must have no common name, has %q", c.EtcdCertFile, name)
	}
	return &pair, nil
}
