package main

import (
	"strings"
	"sync"
	"testing"

	"github.com/cpgate/cpgate/cpgatetest"
)

func TestRun_TwoProgramsShareThePoolAndGiveAllBack(t *testing.T) {
	node := cpgatetest.Start(t)
	pool := node.Client(t).Semaphore(name)
	outs := make([]strings.Builder, 2)
	var programs sync.WaitGroup
	for n := range outs {
		programs.Go(func() {
			if err := run(t.Context(), &outs[n], node.Addr()); err != nil {
				t.Error(err)
			}
		})
	}
	programs.Wait()
	for n := range outs {
		if lines := strings.Count(outs[n].String(), "\n"); lines != workers+2*batches {
			t.Errorf("program %d says %d lines:\n%s", n, lines, outs[n].String())
		}
	}
	if s, err := pool.Get(t.Context()); err != nil || s.Permits != connections || s.Available != connections {
		t.Errorf("%+v, %v", s, err)
	}
}
