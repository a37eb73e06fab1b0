package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// programPackage is what a member runs.
const programPackage = "github.com/cpgate/cpgate/cmd/cpgate"

// built is the folder for the program, from Main on.
var built string

// Main is what the TestMain of a test that uses this package ends with: os.Exit(faults.Main(m)). The test's own program
// is run again for what has to happen in a process that is about to become a member.
func Main(m *testing.M) int {
	if launching() {
		return launch()
	}
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	built = dir
	return m.Run()
}

type outcome struct {
	path string
	err  error
}

// program builds what the members run, once, with the race detector when the test has it.
var program = sync.OnceValue(func() outcome {
	if built == "" {
		return outcome{err: fmt.Errorf("the TestMain of this package has to call faults.Main")}
	}
	path := filepath.Join(built, "cpgate")
	args := []string{"build", "-o", path}
	if raceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, programPackage)...).CombinedOutput(); err != nil {
		return outcome{err: fmt.Errorf("building the program: %w\n%s", err, out)}
	}
	return outcome{path: path}
})

// StartProcess starts a process that ends with the test, also when the test is killed (on Linux).
func StartProcess(cmd *exec.Cmd) error {
	cmd.SysProcAttr = dieWithParent()
	return startProcess(cmd)
}
