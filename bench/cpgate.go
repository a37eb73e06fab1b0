package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/internal/bench"
)

// cpgateUnary is cpgate through its Go client, with a call for each request.
var cpgateUnary = &system{
	name: unary, title: "cpgate, unary calls", clustered: true,
	build: buildCpgate, version: cpgateVersion, start: startCpgate,
	work: map[kind]func(context.Context, task) (bench.Work, error){
		ownLocks: cpgateLocks, oneLock: cpgateLocks, oneSemaphore: cpgateSemaphore, idleSessions: cpgateSessions,
	},
	hold: holdLocks,
}

// cpgateStream is cpgate through its Go client as it comes, whose calls share a stream.
var cpgateStream = &system{
	name: stream, title: "cpgate, stream", clustered: true,
	build: buildCpgate, version: cpgateVersion, start: startCpgate,
	work: map[kind]func(context.Context, task) (bench.Work, error){
		ownLocks: cpgateLocks, oneLock: cpgateLocks, oneSemaphore: cpgateSemaphore, idleSessions: cpgateSessions,
	},
}

func buildCpgate(ctx context.Context, to *tools) error {
	to.cpgate = filepath.Join(to.dir, "cpgate")
	_, err := output(ctx, to.repo, "go", "build", "-o", to.cpgate, "./cmd/cpgate")
	return err
}

// cpgateVersion names the commit too, which is not known where the source is no checkout.
func cpgateVersion(ctx context.Context, from tools) (string, error) {
	version, err := output(ctx, ".", from.cpgate, "version")
	if commit, none := output(ctx, from.repo, "git", "describe", "--always", "--dirty"); none == nil {
		version += ", commit " + commit
	}
	return version, err
}

// startCpgate starts members with the settings that they have by default.
func startCpgate(ctx context.Context, from tools, members int, dir string) (*cluster, error) {
	return startNodes(ctx, from.cpgate, members, dir, "", "/readyz", func(one node, all string) []string {
		args := []string{"serve", "--listen", one.addr, "--data-dir", one.dir}
		if members > 1 {
			args = append(args, "--name", one.name, "--cp-member-count", fmt.Sprint(members), "--members", all)
		}
		return args
	})
}

// newClients makes a client for each endpoint, so that callers are spread over the members.
func newClients(ctx context.Context, t task) (bench.Clients, error) {
	var options []grpc.DialOption
	if t.System == unary {
		options = append(options, bench.Unary())
	}
	var all bench.Clients
	for n := range t.Endpoints {
		c, err := client.NewWith(client.Config{
			Endpoints: slices.Concat(t.Endpoints[n:], t.Endpoints[:n]), DialOptions: options,
			Logger: slog.New(slog.DiscardHandler),
		})
		if err == nil {
			_, err = c.SessionID(ctx)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func names(t task) bench.Names { return bench.Names{Prefix: t.Name + "-", Hot: t.Kind != ownLocks} }

func cpgateLocks(ctx context.Context, t task) (bench.Work, error) {
	clients, err := newClients(ctx, t)
	if err != nil {
		return bench.Work{}, err
	}
	return bench.NewLocks(clients, names(t), t.Callers), nil
}

func cpgateSemaphore(ctx context.Context, t task) (bench.Work, error) {
	clients, err := newClients(ctx, t)
	if err != nil {
		return bench.Work{}, err
	}
	w, _, err := bench.NewSemaphores(ctx, clients, names(t), t.Callers, t.Permits)
	return w, err
}

func cpgateSessions(ctx context.Context, t task) (bench.Work, error) {
	var options []grpc.DialOption
	if t.System == stream {
		options = append(options, client.OverStream())
	}
	conn, err := dial(t.Endpoints[0], options...)
	if err != nil {
		return bench.Work{}, err
	}
	w, _, err := bench.NewSessions(ctx, []grpc.ClientConnInterface{conn}, t.Callers, idleTTL, idleInterval)
	return w, err
}

const (
	idleTTL      = time.Minute
	idleInterval = 5 * time.Second
)

func dial(addr string, options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return grpc.NewClient(addr, append(options, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
}
