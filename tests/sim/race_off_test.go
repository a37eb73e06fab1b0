//go:build !race

package sim

const thrift = 1
