package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/cpgate/cpgate"
)

const (
	// healthTimeout is how long a node may take to say that it is well.
	healthTimeout = 3 * time.Second
	// maxReason is how much of an answer is read.
	maxReason = 4 << 10
)

func newHealth() *cobra.Command {
	c := &cobra.Command{
		Use:   "health",
		Short: "Tell whether a node can answer calls, for the health check of a container",
		Long: "Tell whether a node can answer calls: it ends with 0 when the node's /readyz says so, else with 1 and one\n" +
			"line that says why not. Unless --endpoint or --ca-file is given, a node that has TLS by its environment is asked over\n" +
			"TLS, with its own certificate and without a look at the one that it shows.",
		Args: cobra.NoArgs,
	}
	endpoint := c.Flags().String("endpoint", ownEndpoint(os.Getenv),
		"`host:port` of the node; unless given, where the node of this environment listens [CPGATE_LISTEN]")
	s := addSecure(c.Flags())
	c.RunE = func(c *cobra.Command, _ []string) error {
		over, err := s.tls()
		if err == nil && over == nil && !c.Flags().Changed("endpoint") {
			over, err = ownTLS(os.Getenv)
		}
		if err != nil {
			return err
		}
		said, err := askHealth(c.Context(), *endpoint, over)
		if err != nil {
			return fmt.Errorf("endpoint %q: %w", *endpoint, err)
		}
		fmt.Fprintln(c.OutOrStdout(), said)
		return nil
	}
	return c
}

// ownEndpoint is where a node that is given the same environment listens.
func ownEndpoint(getenv func(string) string) string {
	if listen := getenv(envPrefix + "LISTEN"); listen != "" {
		return reachable(listen)
	}
	return cpgate.DefaultConfig().Listen
}

// askHealth returns what a node that can answer calls says of itself, and as an error what any other says.
func askHealth(ctx context.Context, endpoint string, over *tls.Config) (said string, err error) {
	if _, _, err := net.SplitHostPort(endpoint); err != nil {
		return "", errors.New("must be host:port")
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	scheme := "http://"
	if over != nil {
		scheme = "https://"
	}
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+reachable(endpoint)+"/readyz", http.NoBody)
	if err != nil {
		return "", errors.New("must be host:port")
	}
	direct := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: over}} // by no proxy
	answer, err := direct.Do(ask)
	if err != nil {
		return "", cause(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxReason))
	if err != nil {
		return "", fmt.Errorf("reading the answer: %w", err)
	}
	if said = strings.TrimSpace(string(text)); answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%d %s", answer.StatusCode, said)
	}
	return said, nil
}

// cause leaves out the request that the line names already.
func cause(err error) error {
	var u *url.Error
	switch {
	case errors.As(err, &u) && u.Timeout():
		return fmt.Errorf("no answer within %v", healthTimeout)
	case errors.As(err, &u):
		return u.Err
	}
	return err
}
