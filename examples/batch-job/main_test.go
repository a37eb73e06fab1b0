package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/cpgate/cpgate/cpgatetest"
)

func TestRun_CoordinatorWaitsForEveryPartition(t *testing.T) {
	node := cpgatetest.Start(t)
	for _, step := range []struct {
		args []string
		says string
		err  error
	}{
		{[]string{"worker"}, "", errNotBegun},
		{[]string{"coordinator", "--partitions=2", "--timeout=0s"}, "waiting for the partitions\n", errTimedOut},
		{[]string{"worker", "--partition=1"}, "partition 1: 1001 lines\n", nil},
		{[]string{"worker", "--partition=1"}, "partition 1: 1001 lines\n", nil}, // started again: counts once
		{[]string{"coordinator", "--partitions=2", "--timeout=0s"}, "waiting for the partitions\n", errTimedOut},
		{[]string{"worker", "--partition=2"}, "partition 2: 1002 lines\n", nil},
		{[]string{"coordinator", "--partitions=2"}, "waiting for the partitions\nall 2 partitions are done\n", nil},
		{[]string{"worker", "--run=124"}, "", errNotBegun},
	} {
		var out strings.Builder
		err := run(t.Context(), &out, append(step.args, "--endpoints="+node.Addr()))
		if out.String() != step.says || !errors.Is(err, step.err) {
			t.Errorf("%s: %q, %v; want %q, %v", step.args, out.String(), err, step.says, step.err)
		}
	}
}
