package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"time"

	"google.golang.org/grpc"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/internal/bench"
)

const (
	// benchPrefix begins the names of all that `cpgate bench` makes, and those of its sessions.
	benchPrefix = "cpgate-bench-"
	// clearTimeout is how long it may take to leave nothing behind.
	clearTimeout = time.Minute
)

// calm says more simply that somebody wanted no more.
func calm(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}

// run measures, and leaves nothing behind, also where it fails or ctx ends.
func (l *benchLoad) run(ctx context.Context, r *reach, watch func(bench.Progress)) (benchReport, error) {
	if l.clients == 0 {
		l.clients = min(len(r.endpoints), l.callers)
	}
	measure := l.withClients
	if l.primitive == primitiveSession {
		measure = l.withConnections
	}
	result, err := measure(ctx, r, watch)
	return benchReport{
		Primitive: l.primitive, Callers: l.callers, Clients: l.clients, Hot: l.hot, Unary: l.unary, Result: result,
	}, err
}

// withClients measures what goes through Go clients.
func (l *benchLoad) withClients(ctx context.Context, r *reach, watch func(bench.Progress)) (result bench.Result, err error) {
	var clients bench.Clients
	defer func() {
		for _, c := range clients {
			err = errors.Join(err, c.Close())
		}
	}()
	var options []grpc.DialOption
	if l.unary {
		options = append(options, bench.Unary())
	}
	for n := range l.clients {
		c, err := r.client(n, options)
		if err != nil {
			return result, err
		}
		clients = append(clients, c)
		if _, err := c.SessionID(ctx); err != nil { // to log in and to connect is no part of what is measured
			return result, calm(err)
		}
	}
	names := bench.Names{Prefix: benchPrefix + rand.Text() + "-", Hot: l.hot}
	var w bench.Work
	clearUp := func(context.Context) error { return nil } // locks go with their sessions
	switch l.primitive {
	case primitiveLock:
		w = bench.NewLocks(clients, names, l.callers)
	case primitiveSemaphore:
		w, clearUp, err = bench.NewSemaphores(ctx, clients, names, l.callers, l.permits)
	case primitiveLatch:
		w, clearUp, err = bench.NewLatches(ctx, clients, names, l.callers, l.waiters)
	}
	return l.measure(ctx, w, clearUp, err, watch)
}

// withConnections measures idle sessions.
func (l *benchLoad) withConnections(ctx context.Context, r *reach, watch func(bench.Progress)) (result bench.Result, err error) {
	var conns []grpc.ClientConnInterface
	var opened []io.Closer
	defer func() {
		for _, c := range opened {
			_ = c.Close()
		}
	}()
	var options []grpc.DialOption
	if !l.unary {
		options = append(options, client.OverStream())
	}
	for n := range l.clients {
		one := *r
		one.endpoints = r.from(n)[:1]
		c, err := one.dial(context.WithoutCancel(ctx), options...) // to close the sessions when ctx has ended
		if err != nil {
			return result, err
		}
		opened = append(opened, c)
		conns = append(conns, c.ActiveConnection())
	}
	w, end, err := bench.NewSessions(ctx, conns, l.callers, l.ttl, l.heartbeat)
	return l.measure(ctx, w, end, err, watch)
}

// measure measures work that could be made, and clears up behind it either way.
func (l *benchLoad) measure(ctx context.Context, w bench.Work, clearUp func(context.Context) error, made error, watch func(bench.Progress)) (result bench.Result, err error) {
	if err = made; err == nil {
		plan := bench.Plan{Callers: l.callers, WarmUp: l.warmUp, Duration: l.duration, Watch: watch}
		result, err = bench.Run(ctx, plan, w)
	}
	err = calm(err)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), clearTimeout)
	defer cancel()
	if left := clearUp(ctx); left != nil {
		err = errors.Join(err, fmt.Errorf("clearing up: %w", left))
	}
	return result, err
}

// client makes the nth Go client, which begins at the nth endpoint.
func (r *reach) client(n int, options []grpc.DialOption) (*client.Client, error) {
	over, err := r.secure.tls()
	if err != nil {
		return nil, err
	}
	user, password, err := r.account.credentials(os.Getenv)
	if err != nil {
		return nil, err
	}
	return client.NewWith(client.Config{
		Endpoints: r.from(n), Name: benchPrefix + "client", TLS: over, User: user, Password: password,
		DialOptions: options, Logger: slog.New(slog.DiscardHandler),
	})
}

// from are the endpoints, those from the nth on first.
func (r *reach) from(n int) []string {
	n %= len(r.endpoints)
	return slices.Concat(r.endpoints[n:], r.endpoints[:n])
}
