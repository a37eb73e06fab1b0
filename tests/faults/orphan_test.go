package faults_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cpgate/cpgate/tests/faults"
)

// parentIs marks a run of this program that starts a process and waits to be killed.
const parentIs = "FAULTS_PARENT"

func runParent() int {
	cmd := exec.Command("sleep", "600")
	if err := faults.StartProcess(cmd); err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
		return 1
	}
	fmt.Println(cmd.Process.Pid)
	_ = cmd.Wait()
	return 0
}

// A test that is killed, as by the timeout of a whole run, leaves no process behind.
func TestStartProcess_EndsWithATestThatIsKilled(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a process with its parent")
	}
	parent := exec.Command(must(os.Executable())(t))
	parent.Env, parent.Stderr = append(os.Environ(), parentIs+"=1"), t.Output()
	out := must(parent.StdoutPipe())(t)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line := must(bufio.NewReader(out).ReadString('\n'))(t)
	child := filepath.Join("/proc", strings.TrimSpace(line), "stat")
	if !runs(child) {
		t.Errorf("%s does not run", child)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = parent.Wait()
	for end := time.Now().Add(faults.Soon); runs(child); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s still runs", child)
		}
	}
}

// runs reports whether a process runs, by its stat: one that nobody has waited for yet does not.
func runs(stat string) bool {
	b, err := os.ReadFile(stat)
	return err == nil && !strings.Contains(string(b), ") Z ")
}
