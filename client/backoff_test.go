package client_test

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cpgate/cpgate/client"
)

func TestPause(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		n         int32
		endpoints int
		jitter    float64
		advice    time.Duration
		want      time.Duration
	}{
		"the first retry comes soon":                   {1, 1, 0, 0, 50 * ms},
		"the next endpoint sooner":                     {1, 3, 0, 0, 50 * ms},
		"all endpoints of a round alike":               {3, 3, 0, 0, 50 * ms},
		"each round doubles":                           {4, 3, 0, 0, 100 * ms},
		"up to a second":                               {50, 1, 0, 0, time.Second},
		"also after very many":                         {1<<31 - 1, 1, 0, 0, time.Second},
		"jitter takes up to half":                      {50, 1, 1, 0, 500 * ms},
		"advice counts for the endpoint that gave it":  {1, 1, 0, 700 * ms, 700 * ms},
		"advice does not hold back from a fresh one":   {1, 2, 0, 700 * ms, 50 * ms},
		"advice counts again once all have been asked": {2, 2, 0, 700 * ms, 700 * ms},
		"advice is bounded":                            {1, 1, 0, time.Hour, 5 * time.Second},
		"advice below the pause changes nothing":       {50, 1, 0, ms, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			if got := client.Pause(c.n, c.endpoints, c.jitter, c.advice); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// A waiter's place is kept for two seconds: the first attempts have to fall into them.
func TestPause_ThreeRetriesFallIntoTheGrace(t *testing.T) {
	var sum time.Duration
	for n := range int32(3) {
		sum += client.Pause(n+1, 1, 0, 0)
	}
	if sum > time.Second {
		t.Errorf("three pauses take %s", sum)
	}
}

func TestAgain_OnlyWhatAnotherEndpointMayAnswer(t *testing.T) {
	for code := codes.Canceled; code <= codes.Unauthenticated; code++ {
		want := code == codes.Unavailable || code == codes.Canceled || code == codes.DeadlineExceeded
		if got := client.Again(status.Error(code, "")); got != want {
			t.Errorf("%s: asks again: %v, want %v", code, got, want)
		}
	}
}
