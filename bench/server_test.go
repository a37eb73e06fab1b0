package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServer_ThatEndsAtOnceSaysWhy(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	s, err := launch(t.Context(), log, "sh", "-c", "echo no room; exit 1")
	if err != nil {
		t.Fatal(err)
	}
	err = s.await(t.Context(), func(context.Context) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "no room") {
		t.Errorf("ended with %v", err)
	}
}

func TestClock_TakesTheTimeThatAProcessRuns(t *testing.T) {
	var c clock
	c.start([]int{os.Getpid()})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end) && c.stop() < 50*time.Millisecond; {
		for range 1_000_000 { // work
		}
	}
	if took := c.stop(); c.err != nil || took < 50*time.Millisecond {
		t.Errorf("%v, %v", took, c.err)
	}
	c.start([]int{1 << 30})
	if c.err == nil {
		t.Error("there is no such process")
	}
	if bytes, err := resident([]int{os.Getpid()}); err != nil || bytes < 1<<20 {
		t.Errorf("%d, %v", bytes, err)
	}
}
