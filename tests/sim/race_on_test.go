//go:build race

package sim

// thrift divides what is played unless asked for: each schedule has one goroutine, in which the race detector sees nothing.
const thrift = 10
