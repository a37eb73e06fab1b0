package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"
	"google.golang.org/grpc"
)

const (
	// answerTimeout is how long a cluster may take for one answer to an operator.
	answerTimeout = 5 * time.Second
	// changeTimeout is the same for a change of members. A cluster has to be well for five seconds before.
	changeTimeout = 15 * time.Second
)

// reach is how the commands for operators reach a cluster: over the port that everybody uses.
type reach struct {
	endpoints []string
	secure    *secure
	account   *account
}

// addReach gives the command the flags for it, and those below it too.
func addReach(c *cobra.Command) *reach {
	r := &reach{}
	c.PersistentFlags().StringSliceVar(&r.endpoints, "endpoints", []string{ownEndpoint(os.Getenv)},
		"`host:port` of one or more nodes of the cluster, parted by commas; unless given, where the node of this environment "+
			"listens [CPGATE_LISTEN]")
	r.secure = addSecure(c.PersistentFlags())
	r.account = addAccount(c.PersistentFlags())
	return r
}

// dial makes a client. As a user it logs in; as nobody it connects with its first call.
func (r *reach) dial(ctx context.Context, options ...grpc.DialOption) (*clientv3.Client, error) {
	for _, e := range r.endpoints {
		if _, _, err := net.SplitHostPort(e); err != nil {
			return nil, fmt.Errorf("endpoints %q: must be host:port", e)
		}
	}
	over, err := r.secure.tls()
	if err != nil {
		return nil, err
	}
	user, password, err := r.account.credentials(os.Getenv)
	if err != nil {
		return nil, err
	}
	c, err := clientv3.New(clientv3.Config{
		Endpoints: r.endpoints, TLS: over, Username: user, Password: password, DialOptions: options, Context: ctx, Logger: zap.NewNop(),
	})
	switch {
	case errors.Is(err, rpctypes.ErrAuthFailed):
		return nil, fmt.Errorf("user %q: no such user, or not with this password", user)
	case err != nil:
		return nil, fmt.Errorf("endpoints %q: %w", strings.Join(r.endpoints, ","), said(err))
	}
	return c, nil
}

// with runs what needs a client, for so long.
func (r *reach) with(ctx context.Context, limit time.Duration, use func(context.Context, *clientv3.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	c, err := r.dial(ctx)
	if err == nil {
		defer func() { _ = c.Close() }()
		err = use(ctx, c)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("endpoints %q: no answer within %v", strings.Join(r.endpoints, ","), limit)
	}
	return err
}

// errNobody is what a cluster with access control says to who gives no user.
var errNobody = errors.New("this cluster has access control: give --user")

// said leaves out of an error what only gRPC has to say.
func said(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, rpctypes.ErrUserEmpty):
		return errNobody
	}
	return errors.New(strings.TrimPrefix(rpctypes.ErrorDesc(err), "etcdserver: "))
}
