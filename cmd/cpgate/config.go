package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
)

func newConfig() *cobra.Command {
	c := &cobra.Command{
		Use:   "config",
		Short: "Look at the configuration",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newPrint())
	return c
}

func newPrint() *cobra.Command {
	c := &cobra.Command{
		Use:   "print",
		Short: "Show what serve would use, and where each value comes from",
		Long: "Show what serve would use, and where each value comes from.\n\n" +
			"It takes the flags of serve. What it prints can be used as a configuration file.",
		Args: cobra.NoArgs,
	}
	flags := addFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		o, from, err := load(flags, os.Environ())
		if err != nil {
			return err
		}
		return printConfig(c.OutOrStdout(), o, from)
	}
	return c
}

// printConfig writes the options as YAML with the origin of each value as a comment.
func printConfig(out io.Writer, o *options, from origins) error {
	var m yaml.Node
	m.Kind = yaml.MappingNode
	for _, s := range settings {
		if s.notInFile {
			continue
		}
		key := &yaml.Node{Kind: yaml.ScalarNode, Value: s.key()}
		m.Content = append(m.Content, key, s.node(o))
		origin := &m.Content[len(m.Content)-1].LineComment
		if s.isList() {
			origin = &key.HeadComment // a list has lines of its own
		}
		*origin = from[s.name]
	}
	e := yaml.NewEncoder(out)
	e.SetIndent(2)
	if err := e.Encode(&m); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return e.Close()
}

// node writes the setting's value in YAML.
func (s setting) node(o *options) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode}
	for _, text := range s.texts(o) {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: s.tag(), Value: text})
	}
	switch {
	case !s.isList():
		return n.Content[0]
	case len(n.Content) == 0:
		n.Style = yaml.FlowStyle
	}
	return n
}

func (s setting) tag() string {
	switch s.at(&options{}).(type) {
	case *int:
		return "!!int"
	case *bool:
		return "!!bool"
	}
	return "!!str"
}
