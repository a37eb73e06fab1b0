// Command rate-limiter serves HTTP and lets through so many requests a minute, together on however many machines it
// runs: a semaphore that only counts has a permit for each, and once a minute one of all the programs fills it up
// again. Who finds none is told at once to come back later.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/cpgate/cpgate/client"
)

func main() {
	endpoints := flag.String("endpoints", "127.0.0.1:2379", "servers of one cluster, host:port, separated by commas")
	listen := flag.String("listen", "127.0.0.1:8080", "where to serve HTTP, host:port")
	limit := flag.Int("limit", 100, "requests per interval")
	interval := flag.Duration("interval", time.Minute, "how often the permits are filled up")
	flag.Parse()
	if err := run(context.Background(), *endpoints, *listen, *limit, *interval); err != nil {
		fmt.Fprintln(os.Stderr, "rate-limiter:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, endpoints, listen string, limit int, interval time.Duration) (err error) {
	c, err := client.NewWith(client.Config{
		Endpoints:  strings.Split(endpoints, ","),
		SessionTTL: 10 * time.Second, // so soon another program fills up when the one that did so crashed
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	l, err := newLimiter(ctx, c, limit, interval)
	if err != nil {
		return err
	}
	go l.keepFull(ctx)
	fmt.Printf("serving on http://%s: %d requests per %s\n", listen, limit, interval)
	return http.ListenAndServe(listen, l.limited(http.HandlerFunc(greet)))
}

// greet is what is worth a limit.
func greet(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }
