package faults_test

import (
	"os"
	"testing"

	"github.com/cpgate/cpgate/tests/faults"
)

func TestMain(m *testing.M) { os.Exit(faults.Main(m)) }
