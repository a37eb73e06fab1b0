package certs

import (
	"crypto/tls"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"sync"
	"time"
)

// lookEvery is how late a change of a file may be noticed; between two looks a handshake costs none.
const lookEvery = time.Second

// Files are what a server needs for TLS, in PEM.
type Files struct {
	Cert, Key string
	// ClientCA holds the authorities one of which must have signed the certificate that every client then presents.
	// Empty: clients need none.
	ClientCA string
}

// Source is the TLS of a server, as its files have it now.
type Source struct {
	files Files
	log   *slog.Logger

	mu     sync.Mutex
	looked time.Time
	seen   [3]fs.FileInfo // nil for a file that could not be looked at
	config *tls.Config
}

// Open reads the files. Errors name the setting at fault: cert-file, key-file or client-ca-file.
func Open(f Files, log *slog.Logger) (*Source, error) {
	s := &Source{files: f, log: log, looked: time.Now(), seen: f.look()}
	var err error
	s.config, err = f.load()
	return s, err
}

// Config is for a server. Each new connection gets what the files hold at the time; connections that are there stay as they
// are.
func (s *Source) Config() *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.current(), nil },
	}
}

func (s *Source) current() *tls.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.looked) >= lookEvery {
		s.looked = now
		s.refresh()
	}
	return s.config
}

// refresh loads files that have changed. What can't be used, as while one of two files is written, changes nothing.
func (s *Source) refresh() {
	now := s.files.look() // before they are read: what is written meanwhile is seen at the next look
	if same(now, s.seen) {
		return
	}
	s.seen = now
	config, err := s.files.load()
	if err != nil {
		s.log.Warn("changed certificates can't be used, the ones before stay", "error", err)
		return
	}
	s.config = config
	s.log.Info("loaded changed certificates", "cert_file", s.files.Cert)
}

func (f Files) load() (*tls.Config, error) {
	pair, err := LoadPair(f.Cert, f.Key)
	if err != nil {
		return nil, err
	}
	c := &tls.Config{
		MinVersion:   tls.VersionTLS12,
		Certificates: []tls.Certificate{pair},
		NextProtos:   []string{"h2", "http/1.1"},
	}
	if f.ClientCA == "" {
		return c, nil
	}
	if c.ClientCAs, err = LoadPool(f.ClientCA); err != nil {
		return nil, fmt.Errorf("client-ca-file %w", err)
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	return c, nil
}

// look stats the files. It follows links, by which some tools change several files at once.
func (f Files) look() (seen [3]fs.FileInfo) {
	for i, name := range []string{f.Cert, f.Key, f.ClientCA} {
		if info, err := os.Stat(name); err == nil {
			seen[i] = info
		}
	}
	return seen
}

func same(a, b [3]fs.FileInfo) bool {
	for i := range a {
		switch {
		case a[i] == nil && b[i] == nil:
		case a[i] == nil || b[i] == nil || !os.SameFile(a[i], b[i]):
			return false
		case !a[i].ModTime().Equal(b[i].ModTime()) || a[i].Size() != b[i].Size():
			return false
		}
	}
	return true
}
