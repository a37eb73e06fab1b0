package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// entry is one setting of a configuration file.
type entry struct {
	texts []string
	line  int
}

// readFile reads a configuration file: one flat mapping of keys that the table knows.
func readFile(path string) (map[string]entry, error) {
	content, err := os.ReadFile(path)
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if err != nil {
		return nil, fmt.Errorf("config %q: %w", path, err)
	}
	found, err := readYAML(content)
	if err != nil {
		return nil, fmt.Errorf("config %q: %w", path, err)
	}
	return found, nil
}

func readYAML(content []byte) (map[string]entry, error) {
	d := yaml.NewDecoder(bytes.NewReader(content))
	var doc, more yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, yamlError(err)
	}
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, errors.New("must hold one YAML document")
	}
	root := doc.Content[0]
	switch {
	case root.Kind == yaml.MappingNode:
		return readMapping(root)
	case root.Tag == "!!null":
		return nil, nil
	}
	return nil, fmt.Errorf("line %d: must be lines of the form key: value", root.Line)
}

func yamlError(err error) error {
	return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
}

func readMapping(m *yaml.Node) (map[string]entry, error) {
	found := map[string]entry{}
	for i := 0; i < len(m.Content); i += 2 {
		k, v := m.Content[i], m.Content[i+1]
		s, err := settingOf(k.Value)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", k.Line, err)
		}
		if e, twice := found[s.name]; twice {
			return nil, fmt.Errorf("line %d: %s is set a second time, first in line %d", k.Line, k.Value, e.line)
		}
		texts, err := s.readNode(v)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s %w", k.Line, k.Value, err)
		}
		found[s.name] = entry{texts: texts, line: k.Line}
	}
	return found, nil
}

func settingOf(key string) (setting, error) {
	var known []string
	for _, s := range settings {
		switch {
		case s.notInFile:
		case s.key() == key:
			return s, nil
		default:
			known = append(known, s.key())
		}
	}
	return setting{}, fmt.Errorf("unknown key %q, did you mean %s?", key, nearest(key, known))
}

// readNode takes a value as it is written, so that a name may be 007 or yes.
func (s setting) readNode(v *yaml.Node) (texts []string, err error) {
	parts := []*yaml.Node{v}
	if v.Kind == yaml.SequenceNode && s.isList() {
		parts = v.Content
	}
	for _, p := range parts {
		if p.Kind != yaml.ScalarNode || p.Tag == "!!null" {
			return nil, errors.New("must have a plain value")
		}
		texts = append(texts, p.Value)
	}
	return texts, nil
}
