package tests_test

import (
	"go/ast"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

const maxLines = 400

func TestShape_NoFileIsLong(t *testing.T) {
	for _, f := range sources(t) {
		if f.lines > maxLines && !ast.IsGenerated(f.ast) {
			t.Errorf("%s has %d lines: a file of more than %d wants to be two", f.path, f.lines, maxLines)
		}
	}
}

func TestShape_PackagesAreNamedAfterWhatTheyAre(t *testing.T) {
	vague := []string{"common", "helper", "helpers", "misc", "shared", "types", "util", "utils"}
	for _, f := range sources(t) {
		if slices.Contains(vague, f.ast.Name.Name) {
			t.Errorf("%s: package %s", f.path, f.ast.Name.Name)
		}
	}
}

// Each package has one comment that a newcomer can start from.
func TestShape_EveryPackageExplainsItself(t *testing.T) {
	const least = 80 // characters: not just the name again
	docs := map[string][]string{}
	for _, f := range sources(t) {
		if f.test() || ast.IsGenerated(f.ast) {
			continue
		}
		folder := path.Dir(f.path)
		docs[folder] = append(docs[folder], f.ast.Doc.Text())
	}
	for folder, all := range docs {
		all = slices.DeleteFunc(all, func(doc string) bool { return doc == "" })
		if len(all) != 1 || len(all[0]) < least {
			t.Errorf("package %s has %d doc comments, want one of %d characters or more: %q", folder, len(all), least, all)
		}
	}
}

// Arrows point one way: what a package may import, of ours and of others'.
func TestShape_ImportsAreThoseOfTheHouse(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range sources(t) {
		if f.test() || ast.IsGenerated(f.ast) {
			continue
		}
		folder := path.Dir(f.path)
		seen[folder] = true
		room, ok := house[folder]
		if !ok {
			t.Errorf("package %s has no place in the house: see house_test.go", folder)
		}
		for _, i := range f.imports() {
			if !room.mayImport(i) {
				t.Errorf("%s imports %s, which package %s may not", f.path, i, folder)
			}
		}
	}
	for folder := range maps.Keys(house) {
		if !seen[folder] {
			t.Errorf("no package %s: strike it from house_test.go", folder)
		}
	}
}

// What is pure gives the same for the same, whenever and wherever: no clock, no chance, nothing outside the process.
func TestShape_PureFilesAreAFunctionOfWhatTheyAreGiven(t *testing.T) {
	used := map[string]bool{}
	for _, f := range sources(t) {
		pattern, ok := purity(f.path)
		if !ok || f.test() {
			continue
		}
		used[pattern] = true
		for _, i := range f.imports() {
			if impure(i) {
				t.Errorf("%s is to be pure and imports %s", f.path, i)
			}
		}
		for _, name := range f.clocks() {
			t.Errorf("%s is to be pure and uses time.%s", f.path, name)
		}
	}
	for _, pattern := range pure {
		if !used[pattern] {
			t.Errorf("no file is %s: strike it from house_test.go", pattern)
		}
	}
}

func purity(file string) (pattern string, ok bool) {
	for _, pattern := range pure {
		if match, err := path.Match(pattern, file); match && err == nil {
			return pattern, true
		}
	}
	return "", false
}

func impure(imported string) bool {
	for _, root := range outside {
		if imported == root || strings.HasPrefix(imported, root+"/") {
			return true
		}
	}
	return false
}
