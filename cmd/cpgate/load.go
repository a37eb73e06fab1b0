package main

import (
	"fmt"
	"io"
	"strings"
)

// origins says for each setting, by its name, where its value comes from.
type origins map[string]string

const fromDefault = "default"

// sources is what has been written where; the maps are by the name of the setting.
type sources struct {
	flags map[string]*flag
	env   map[string]string
	file  map[string]entry
	path  string // of the file
}

// load puts together the options from all sources. It looks at the machine only to read the file.
func load(flags map[string]*flag, environ []string) (*options, origins, error) {
	o, from, src := defaults(), origins{}, sources{flags: flags}
	var err error
	if src.env, err = readEnviron(environ); err != nil {
		return nil, nil, err
	}
	if err := src.set(configSetting, o, from); err != nil {
		return nil, nil, err
	}
	if src.path = o.config; src.path != "" {
		if src.file, err = readFile(src.path); err != nil {
			return nil, nil, from.explain(err)
		}
	}
	for _, s := range settings {
		if err := src.set(s, o, from); err != nil {
			return nil, nil, err
		}
	}
	return o, from, from.explain(o.validate())
}

// set gives one setting the value of the first source that has it, and notes which.
func (r sources) set(s setting, o *options, from origins) error {
	texts, where := r.find(s)
	from[s.name] = where
	if where == fromDefault {
		return nil
	}
	return from.explain(s.assign(o, texts))
}

// find is the one place that says which source wins.
func (r sources) find(s setting) (texts []string, where string) {
	if f := r.flags[s.name]; f != nil && f.given {
		return f.texts, "flag --" + s.name
	}
	if v, ok := r.env[s.name]; ok {
		return s.split(v), "env " + s.env()
	}
	if e, ok := r.file[s.name]; ok {
		return e.texts, fmt.Sprintf("file %s line %d", r.path, e.line)
	}
	return nil, fromDefault
}

func (o *options) validate() error {
	if err := o.node.Validate(); err != nil {
		return err
	}
	_, err := newLogger(o, io.Discard)
	return err
}

// explain adds to an error that starts with the name of a setting where its value came from.
func (f origins) explain(err error) error {
	if err == nil {
		return nil
	}
	name, _, _ := strings.Cut(err.Error(), " ")
	if where, ok := f[name]; ok && where != fromDefault {
		return fmt.Errorf("%w (%s)", err, where)
	}
	return err
}
