package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// flag is a setting on the command line. It only keeps what was written: load reads it, since what it means for
// the whole depends on the other sources too.
type flag struct {
	setting setting
	texts   []string
	given   bool
}

// Set implements pflag.Value. Of a flag that is repeated, a list takes all values, any other the last.
func (f *flag) Set(text string) error {
	values := f.setting.split(text)
	if f.setting.isList() {
		values = append(f.texts, values...)
	}
	f.texts, f.given = values, true
	return nil
}

// String implements pflag.Value: the default, for the help.
func (f *flag) String() string {
	if f.setting.at == nil {
		return "" // pflag makes a zero value to compare with
	}
	if f.setting.defaultIs != "" {
		return f.setting.defaultIs
	}
	return strings.Join(f.setting.texts(defaults()), ",")
}

// Type implements pflag.Value: what stands for the value in the help.
func (f *flag) Type() string { return f.setting.unit }

// addFlags gives the command one flag for each setting, or only for those that are named.
func addFlags(c *cobra.Command, only ...string) map[string]*flag {
	flags := map[string]*flag{}
	c.Flags().SortFlags = false
	c.SetUsageTemplate(strings.ReplaceAll(c.UsageTemplate(), ".FlagUsages ", ".FlagUsagesWrapped 120 "))
	for _, s := range settings {
		if len(only) > 0 && !slices.Contains(only, s.name) {
			continue
		}
		f := &flag{setting: s}
		flags[s.name] = f
		added := c.Flags().VarPF(f, s.name, "", s.help+"\n["+s.env()+"]")
		if _, ok := s.at(&options{}).(*bool); ok {
			added.NoOptDefVal = "true" // --rejoin is --rejoin=true
		}
	}
	return flags
}
