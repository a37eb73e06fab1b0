package remote

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// findEvery is how late it is noticed that voters have come, gone or moved.
	findEvery = 3 * time.Second
	// findTimeout is how long one peer may take to answer.
	findTimeout = time.Second
	// maxList is how long its answer may be, in bytes.
	maxList = 1 << 20
)

var (
	errNoVoters = errors.New("no voter has told yet where it serves clients")
	errNoTLS    = errors.New("the voters serve their clients over TLS, which needs etcd-ca-file")
)

// peer is a member as etcd lists it on the port for its peers.
type peer struct {
	ClientURLs []string `json:"clientURLs"`
	IsLearner  bool     `json:"isLearner"`
}

// finds reports whether the endpoints are those that the peers tell.
func (r *Cluster) finds() bool { return len(r.config.Endpoints) == 0 }

// follow keeps the endpoints those of the voters, until ctx is done. While nobody answers they stay.
func (r *Cluster) follow(ctx context.Context) {
	tick := time.NewTicker(findEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = r.find(ctx) // that nobody answers, ask says
		case <-ctx.Done():
			return
		}
	}
}

// find asks one peer after the other where the voters are, and takes the first answer.
func (r *Cluster) find(ctx context.Context) error {
	var vain error
	for _, address := range r.config.Peers {
		found, err := r.list(ctx, address)
		switch {
		case err == nil:
			return r.move(found)
		case vain == nil:
			vain = err
		default:
			vain = fmt.Errorf("%w; %w", vain, err)
		}
	}
	return vain
}

// list asks one peer.
func (r *Cluster) list(ctx context.Context, address string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, findTimeout)
	defer cancel()
	u := url.URL{Scheme: "http", Host: address, Path: "/members"}
	if r.config.PeerTLS != nil {
		u.Scheme = "https"
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking a peer: %w", err)
	}
	via := &http.Transport{TLSClientConfig: r.config.PeerTLS, DisableKeepAlives: true}
	a, err := via.RoundTrip(q)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", address, err)
	}
	defer func() { _ = a.Body.Close() }()
	var all []peer
	if err := json.NewDecoder(http.MaxBytesReader(nil, a.Body, maxList)).Decode(&all); err != nil {
		return nil, fmt.Errorf("reading what %s answered: %w", address, err)
	}
	return endpoints(all)
}

// endpoints are where those serve clients that vote: others answer next to nothing.
func endpoints(all []peer) (urls []string, err error) {
	for _, p := range all {
		if !p.IsLearner {
			urls = append(urls, p.ClientURLs...)
		}
	}
	if len(urls) == 0 {
		return nil, errNoVoters
	}
	slices.Sort(urls)
	return slices.Compact(urls), nil
}

// move lets all clients go to the endpoints.
func (r *Cluster) move(endpoints []string) error {
	secure := func(u string) bool { return strings.HasPrefix(u, "https:") }
	if r.config.TLS == nil && slices.ContainsFunc(endpoints, secure) {
		return errNoTLS
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.Equal(r.endpoints, endpoints) {
		return nil
	}
	if len(r.endpoints) > 0 {
		r.config.Logger.Info("the voters have moved", "to", endpoints)
	}
	r.endpoints = endpoints
	for _, c := range r.clients {
		if c.Ctx().Err() == nil {
			c.SetEndpoints(endpoints...)
		}
	}
	return nil
}
