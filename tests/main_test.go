package tests_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// built is where the programs that tests run are built.
var built string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "cpgate")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	built = dir
	return m.Run()
}

// outcome is what became of building a program.
type outcome struct {
	path string
	skip string // why it can't be built here
	err  error
}

func (o outcome) orFail(t *testing.T) string {
	t.Helper()
	if o.skip != "" {
		t.Skip(o.skip)
	}
	if o.err != nil {
		t.Fatal(o.err)
	}
	return o.path
}

// buildServer builds the program, with the race detector when the tests have it.
var buildServer = sync.OnceValue(func() outcome {
	args := []string{}
	if raceDetector {
		args = append(args, "-race")
	}
	return build("..", "cpgate", "github.com/cpgate/cpgate/cmd/cpgate", args...)
})

// buildEtcdctl builds etcd's own client, at the version that tools/etcdctl pins. Its modules are no part of this
// one: without a network and without a copy of them there is nothing to build.
var buildEtcdctl = sync.OnceValue(func() outcome {
	const module, pkg = "../tools/etcdctl", "go.etcd.io/etcd/etcdctl/v3"
	if out, err := exec.Command("go", "list", "-C", module, "-deps", pkg).CombinedOutput(); err != nil {
		return outcome{skip: fmt.Sprintf("the modules of etcdctl can't be downloaded: %s%v", out, err)}
	}
	return build(module, "etcdctl", pkg)
})

func build(module, name, pkg string, args ...string) outcome {
	path := filepath.Join(built, name)
	args = append([]string{"build", "-C", module, "-o", path}, args...)
	if out, err := exec.Command("go", append(args, pkg)...).CombinedOutput(); err != nil {
		return outcome{err: fmt.Errorf("building %s: %w\n%s", name, err, out)}
	}
	return outcome{path: path}
}
