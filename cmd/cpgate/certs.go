package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/cpgate/cpgate"
	"github.com/cpgate/cpgate/internal/certs"
)

const (
	defaultDays = 365
	maxDays     = 3650 // as long as their authorities
	// maxCommonName is what X.509 allows, in bytes.
	maxCommonName = 64
)

func newCerts() *cobra.Command {
	c := &cobra.Command{
		Use:   "certs",
		Short: "Make certificates for TLS",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newCertsInit())
	return c
}

func newCertsInit() *cobra.Command {
	c := &cobra.Command{
		Use:   "init DIR",
		Short: "Make the certificates of a first cluster",
		Long: "Make the certificates of a first cluster, in the folder DIR, which is created when missing:\n\n" +
			"  ca.crt, ca.key            the authority of the port and its clients\n" +
			"  server.crt, server.key    for the port, of every node\n" +
			"  client.crt, client.key    for a client\n" +
			"  peer-ca.crt, peer-ca.key  the authority of members, and of nobody else\n" +
			"  peer.crt, peer.key        for the members among themselves\n\n" +
			"The authorities are good for 10 years. Keep their keys away from the nodes. Nothing is overwritten.",
		Args: cobra.ExactArgs(1),
	}
	p := certs.Plan{}
	c.Flags().StringSliceVar(&p.Hosts, "host", defaultHosts(),
		"`name or IP address` at which nodes are reached, by clients and one another; may be repeated, several at "+
			"once are parted by commas")
	c.Flags().Lookup("host").DefValue = "localhost,127.0.0.1,::1 and the host's name"
	c.Flags().StringVar(&p.Client, "client-name", "client",
		"common name of the client's certificate. With etcd's authentication enabled, and a client-ca-file, etcd takes "+
			"it for the name of the user: root may do everything")
	c.Flags().IntVar(&p.Days, "days", defaultDays, "how long the certificates are good, in `days`")
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkPlan(p); err != nil {
			return err
		}
		if err := certs.Init(args[0], p); err != nil {
			return err
		}
		tellNext(c.OutOrStdout(), args[0], p)
		return nil
	}
	return c
}

func defaultHosts() []string {
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	if name, err := os.Hostname(); err == nil && checkHost(name) == nil && name != hosts[0] {
		hosts = append(hosts, name)
	}
	return hosts
}

func checkPlan(p certs.Plan) error {
	if len(p.Hosts) == 0 {
		return errors.New("host: must name at least one")
	}
	for _, h := range p.Hosts {
		if err := checkHost(h); err != nil {
			return fmt.Errorf("host %q: %w", h, err)
		}
	}
	switch {
	case p.Client == "" || len(p.Client) > maxCommonName:
		return fmt.Errorf("client-name %q: must be 1 to %d bytes", p.Client, maxCommonName)
	case p.Days < 1 || p.Days > maxDays:
		return fmt.Errorf("days %d: must be 1 to %d", p.Days, maxDays)
	}
	return nil
}

func checkHost(h string) error {
	odd := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-._*", r)
	}
	if net.ParseIP(h) == nil && (h == "" || strings.ContainsFunc(h, odd)) {
		return errors.New("must be a name or an IP address, without a port")
	}
	return nil
}

// tellNext says what to do with the files.
func tellNext(out io.Writer, dir string, p certs.Plan) {
	in := func(name string) string { return filepath.Join(dir, name) }
	c := cpgate.Config{CertFile: in(certs.ServerCert), KeyFile: in(certs.ServerKey), ClientCAFile: in(certs.CACert)}
	_, port, _ := net.SplitHostPort(cpgate.DefaultConfig().Listen)
	fmt.Fprintf(out, "Made certificates in %s, good for %d days and for %s.\n\n", dir, p.Days, strings.Join(p.Hosts, ", "))
	fmt.Fprintf(out, "Serve with them:\n\n  cpgate serve --cert-file %s --key-file %s --client-ca-file %s\n\n",
		c.CertFile, c.KeyFile, c.ClientCAFile)
	fmt.Fprintf(out, "Call, from a machine that has %s, %s and %s:\n\n  %s\n\n",
		certs.CACert, certs.ClientCert, certs.ClientKey, hint(c, net.JoinHostPort(p.Hosts[0], port)))
	fmt.Fprintf(out, "Members of a cluster also take, from their first start on:\n\n"+
		"  --peer-cert-file %s --peer-key-file %s --peer-ca-file %s\n",
		in(certs.PeerCert), in(certs.PeerKey), in(certs.PeerCACert))
}
