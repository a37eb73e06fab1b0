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

// builtIn is the variable that names it to tests that are run by another.
const builtIn = "TESTS_BUILT_IN"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if built = os.Getenv(builtIn); built != "" {
		return m.Run()
	}
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

// buildEtcdctl builds etcd's own client, at the version that tools/etcdctl pins.
var buildEtcdctl = sync.OnceValue(func() outcome {
	return buildTool("../tools/etcdctl", "etcdctl", "go.etcd.io/etcd/etcdctl/v3")
})

// buildEtcd builds etcd itself, at the version that tools/etcd pins, which is that of our members.
var buildEtcd = sync.OnceValue(func() outcome { return buildTool("../tools/etcd", "etcd", "go.etcd.io/etcd/server/v3") })

// buildTool builds a program whose modules are no part of this one: without a network and without a copy of them
// there is nothing to build.
func buildTool(module, name, pkg string) outcome {
	if out, err := exec.Command("go", "list", "-C", module, "-deps", pkg).CombinedOutput(); err != nil {
		return outcome{skip: fmt.Sprintf("the modules of %s can't be downloaded: %s%v", name, out, err)}
	}
	return build(module, name, pkg)
}

func build(module, name, pkg string, args ...string) outcome {
	path := filepath.Join(built, name)
	if _, err := os.Stat(path); err == nil {
		return outcome{path: path} // by the tests that run these
	}
	args = append([]string{"build", "-C", module, "-o", path}, args...)
	if out, err := exec.Command("go", append(args, pkg)...).CombinedOutput(); err != nil {
		return outcome{err: fmt.Errorf("building %s: %w\n%s", name, err, out)}
	}
	return outcome{path: path}
}
