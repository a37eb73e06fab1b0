//go:build !race

package gateway_test

// crowd is how many sessions wait on one connection, each with nearly as many tickets as it may have.
const crowd = 10
