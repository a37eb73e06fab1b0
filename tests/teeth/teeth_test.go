package teeth_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the module's, from here.
const root = "../.."

// headed is how a patch begins: what it breaks, and which tests of which package are to notice.
var headed = regexp.MustCompile(`^\w[^\n]+\nTest: go test \./(\S+) -run (\S+)\ndiff --git `)

// Whoever changes the code that a patch breaks mends the patch too. Whether the mutation is caught, `make teeth` tells.
func TestPatches_StillApply(t *testing.T) {
	checkout(t)
	for _, patch := range patches(t) {
		t.Run(strings.TrimSuffix(filepath.Base(patch), ".patch"), func(t *testing.T) {
			git := exec.Command("git", "apply", "--check", patch)
			git.Dir = root
			if out, err := git.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// A mutation that no test is run for would be taken to have survived, long after.
func TestPatches_NameATestThatIsThere(t *testing.T) {
	for _, patch := range patches(t) {
		text, err := os.ReadFile(patch)
		if err != nil {
			t.Fatal(err)
		}
		head := headed.FindSubmatch(text)
		if head == nil {
			t.Errorf("%s does not begin with what it breaks and the test that is to notice", patch)
			continue
		}
		name, err := regexp.Compile(string(head[2]))
		if err != nil || !tests(t, filepath.Join(root, string(head[1])), name) {
			t.Errorf("%s: no test in %s is called %s: %v", patch, head[1], head[2], err)
		}
	}
}

func patches(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Abs("*.patch")
	if err != nil {
		t.Fatal(err)
	}
	found, err := filepath.Glob(all)
	if err != nil || len(found) == 0 {
		t.Fatalf("%d patches: %v", len(found), err)
	}
	return found
}

// checkout skips where git has nothing to apply a patch to.
func checkout(t *testing.T) {
	t.Helper()
	git := exec.Command("git", "rev-parse", "--show-prefix")
	git.Dir = root
	out, err := git.CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "" {
		t.Skipf("this is no checkout of its own that git would read: %v %s", err, out)
	}
}

var declared = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// tests reports whether a package has a test of that name.
func tests(t *testing.T, folder string, name *regexp.Regexp) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range declared.FindAllSubmatch(text, -1) {
			if name.Match(test[1]) {
				return true
			}
		}
	}
	return false
}
