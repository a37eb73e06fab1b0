package certs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Plan says what [Init] makes.
type Plan struct {
	Hosts  []string // names and IP addresses of all the members, for clients and for one another
	Client string   // the common name of the client's certificate: the user that etcd takes the client for
	Days   int      // how long the certificates are good; their authorities are for ten years
}

// The files that Init makes, each with its key beside it. Members trust an authority of their own, for whoever has a
// certificate of it can write what it likes into the cluster's log: a client's must not be enough.
const (
	CACert     = "ca.crt"
	CAKey      = "ca.key"
	ServerCert = "server.crt"
	ServerKey  = "server.key"
	ClientCert = "client.crt"
	ClientKey  = "client.key"
	PeerCACert = "peer-ca.crt"
	PeerCAKey  = "peer-ca.key"
	PeerCert   = "peer.crt"
	PeerKey    = "peer.key"
)

type file struct {
	name    string
	content []byte
	mode    fs.FileMode
}

// Init makes two authorities, one for the port and one between members, and a certificate each for servers, a client
// and members, and writes them with their keys into a folder. It creates the folder when it is missing, mode 0700; keys
// have mode 0600. A file that is there already is an error, and then nothing is written.
func Init(dir string, p Plan) error {
	files, err := p.make()
	if err != nil {
		return err
	}
	for _, f := range files {
		switch _, err := os.Lstat(filepath.Join(dir, f.name)); {
		case err == nil:
			return fmt.Errorf("%q: is there already, nothing was made", filepath.Join(dir, f.name))
		case !errors.Is(err, fs.ErrNotExist):
			return plain(err)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return plain(err)
	}
	return writeAll(dir, files)
}

func (p Plan) make() ([]file, error) {
	ca, err := NewAuthority("cpgate CA")
	if err != nil {
		return nil, err
	}
	peerCA, err := NewAuthority("cpgate peer CA")
	if err != nil {
		return nil, err
	}
	// A server's certificate is good for a client too: for the node's own health check, and for a standby that calls those who
	// vote. It has no common name, so that etcd takes it for no user.
	server, err1 := ca.Issue(Leaf{Hosts: p.Hosts, Server: true, Client: true, Days: p.Days})
	client, err2 := ca.Issue(Leaf{Name: p.Client, Client: true, Days: p.Days})
	peer, err3 := peerCA.Issue(Leaf{Hosts: p.Hosts, Server: true, Client: true, Days: p.Days})
	return []file{
		{CACert, ca.Cert, 0o644},
		{CAKey, ca.Key, 0o600},
		{ServerCert, server.Cert, 0o644},
		{ServerKey, server.Key, 0o600},
		{ClientCert, client.Cert, 0o644},
		{ClientKey, client.Key, 0o600},
		{PeerCACert, peerCA.Cert, 0o644},
		{PeerCAKey, peerCA.Key, 0o600},
		{PeerCert, peer.Cert, 0o644},
		{PeerKey, peer.Key, 0o600},
	}, errors.Join(err1, err2, err3)
}

// writeAll writes all files or none.
func writeAll(dir string, files []file) error {
	for i, f := range files {
		if err := write(filepath.Join(dir, f.name), f); err != nil {
			for _, made := range files[:i] {
				_ = os.Remove(filepath.Join(dir, made.name))
			}
			return err
		}
	}
	return nil
}

func write(path string, f file) error {
	w, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return plain(err)
	}
	_, err = w.Write(f.content)
	if err = errors.Join(err, w.Close()); err != nil {
		_ = os.Remove(path)
		return plain(err)
	}
	return nil
}

// plain says first which file it is about.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return fmt.Errorf("%q: %w", p.Path, p.Err)
	}
	return err
}
