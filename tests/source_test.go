package tests_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// source is one Go file of this module.
type source struct {
	path  string // from the module's root, with slashes
	lines int
	ast   *ast.File
}

// sources are all Go files of this module.
func sources(t *testing.T) []source {
	t.Helper()
	all, err := readSources()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var readSources = sync.OnceValues(func() (all []source, err error) {
	root := os.DirFS("..")
	err = fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && elsewhere(root, path):
			return fs.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		f, err := parse(root, path)
		all = append(all, f)
		return err
	})
	return all, err
})

// elsewhere reports folders that are no part of this module.
func elsewhere(root fs.FS, folder string) bool {
	if strings.HasPrefix(filepath.Base(folder), ".") {
		return true
	}
	_, err := fs.Stat(root, folder+"/go.mod")
	return err == nil
}

func parse(root fs.FS, path string) (source, error) {
	text, err := fs.ReadFile(root, path)
	if err != nil {
		return source{}, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ParseComments|parser.SkipObjectResolution)
	return source{path: path, lines: bytes.Count(text, []byte("\n")), ast: f}, err
}

func (s source) test() bool { return strings.HasSuffix(s.path, "_test.go") }

func (s source) imports() (paths []string) {
	for _, i := range s.ast.Imports {
		path, _ := strconv.Unquote(i.Path.Value) // the parser has seen to it that this works
		paths = append(paths, path)
	}
	return paths
}

// clocks are the names of package time that s uses and that read a clock or wait.
func (s source) clocks() (names []string) {
	all := []string{"After", "AfterFunc", "NewTicker", "NewTimer", "Now", "Since", "Sleep", "Tick", "Until"}
	ast.Inspect(s.ast, func(n ast.Node) bool {
		if e, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := e.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains(all, e.Sel.Name) {
				names = append(names, e.Sel.Name)
			}
		}
		return true
	})
	return names
}
