package faults_test

import (
	"flag"
	"os"
	"testing"

	"github.com/cpgate/cpgate/tests/faults"
)

func TestMain(m *testing.M) {
	if how := os.Getenv(holderIs); how != "" {
		os.Exit(runHolder(how))
	}
	if os.Getenv(parentIs) != "" {
		os.Exit(runParent())
	}
	if err := flag.Set("test.parallel", "3"); err != nil { // unless it is given; most of the time members only wait
		panic(err)
	}
	os.Exit(faults.Main(m))
}
