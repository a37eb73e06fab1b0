package faults_test

import (
	"os"
	"testing"

	"github.com/cpgate/cpgate/tests/faults"
)

func TestMain(m *testing.M) {
	if how := os.Getenv(holderIs); how != "" {
		os.Exit(runHolder(how))
	}
	os.Exit(faults.Main(m))
}
