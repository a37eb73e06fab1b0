//go:build race

package gateway_test

// crowd is how many sessions wait on one connection, each with nearly as many tickets as it may have. The race
// detector slows thousands of goroutines down by far more than the rest.
const crowd = 1
