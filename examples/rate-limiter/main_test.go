package main

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/cpgate/cpgate/client"
	"github.com/cpgate/cpgate/cpgatetest"
)

const limit = 5

// start serves greet behind a limiter.
func start(t *testing.T, c *client.Client, interval time.Duration) (l *limiter, url string) {
	t.Helper()
	l, err := newLimiter(t.Context(), c, limit, interval)
	if err != nil {
		t.Fatal(err)
	}
	go l.keepFull(t.Context())
	s := httptest.NewServer(l.limited(http.HandlerFunc(greet)))
	t.Cleanup(s.Close)
	return l, s.URL
}

// ask gives the status of one request, and when a refusal says to come back.
func ask(t *testing.T, url string) (status int, retryAfter string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	return r.StatusCode, r.Header.Get("Retry-After")
}

func TestLimiter_LetsSoManyThroughOnAllMachinesTogether(t *testing.T) {
	node := cpgatetest.Start(t)
	a, at := start(t, node.Client(t), time.Hour)
	b, bt := start(t, node.Client(t), time.Hour)
	for range 2 {
		for n := range 2 * limit {
			status, retryAfter := ask(t, []string{at, bt}[n%2])
			switch {
			case n < limit && status != http.StatusOK:
				t.Errorf("request %d: %d", n, status)
			case n >= limit && (status != http.StatusTooManyRequests || retryAfter != "3600"):
				t.Errorf("request %d: %d, retry after %q", n, status, retryAfter)
			}
		}
		for _, l := range []*limiter{a, b} { // the second finds nothing lacking
			if err := l.fill(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestLimiter_IsFilledUpByAnotherWhenTheOneThatDidIsGone(t *testing.T) {
	const interval = 50 * time.Millisecond
	node := cpgatetest.Start(t)
	first := node.Client(t)
	start(t, first, interval)
	_, url := start(t, node.Client(t), interval)
	for range 2 {
		served := 0
		for end := time.Now().Add(time.Minute); served < 3*limit; {
			if time.Now().After(end) {
				t.Fatalf("%d served: it is not filled up", served)
			}
			if status, _ := ask(t, url); status == http.StatusOK {
				served++
			}
		}
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
