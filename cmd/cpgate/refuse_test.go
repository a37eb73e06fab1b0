package main_test

import (
	"strings"
	"testing"
)

// Both commands load the configuration alike, so what is refused to one is to the other.
var loaders = []string{"serve", "config print"}

func TestLoad_RefusesABadFlag(t *testing.T) {
	cases := map[string]string{
		"--session-ttl-seconds=1":                  `session-ttl-seconds 1: must be 2 to 604800 (flag --session-ttl-seconds)`,
		"--session-ttl-seconds=5m":                 `session-ttl-seconds "5m": must be a whole number (flag --session-ttl-seconds)`,
		"--session-ttl-seconds=5":                  `session-heartbeat-interval-seconds 5: must be at least 1 and below session-ttl-seconds (5)`,
		"--session-heartbeat-interval-seconds=300": `session-heartbeat-interval-seconds 300: must be at least 1 and below session-ttl-seconds (300) (flag --session-heartbeat-interval-seconds)`,
		"--listen=2379":                            `listen "2379": must be host:port, such as 127.0.0.1:2379 (flag --listen)`,
		"--listen=127.0.0.1:65536":                 `listen "127.0.0.1:65536": the port must be 0 to 65535 (flag --listen)`,
		"--data-dir=":                              `data-dir "": must not be empty (flag --data-dir)`,
		"--name=default":                           `name "default": is what etcd calls a member without a name: choose another (flag --name)`,
		"--prefix=cp":                              `prefix "cp": must end with "/" (flag --prefix)`,
		"--lock-acquire-limit=a=1,b":               `lock-acquire-limit "b": "b" must be a whole number from 0 to 2147483647 (flag --lock-acquire-limit)`,
		"--retry-grace=2":                          `retry-grace "2": must be a duration such as 500ms or 2s (flag --retry-grace)`,
		"--retry-grace=2m":                         `retry-grace "2m0s": must be 0s to 1m (flag --retry-grace)`,
		"--rejoin=maybe":                           `rejoin "maybe": must be true or false (flag --rejoin)`,
		"--rejoin":                                 `rejoin true: needs members: there are no others to join (flag --rejoin)`,
		"--log-level=loud":                         `log-level "loud": must be debug, info, warn or error (flag --log-level)`,
		"--log-format=xml":                         `log-format "xml": must be text or json (flag --log-format)`,
		"--cert-file=c":                            `cert-file "c": needs key-file (flag --cert-file)`,
		"--key-file=k":                             `key-file "k": needs cert-file (flag --key-file)`,
		"--client-ca-file=a":                       `client-ca-file "a": needs cert-file (flag --client-ca-file)`,
		"--peer-cert-file=c":                       `peer-cert-file "c": needs members: a node that is alone talks to no others (flag --peer-cert-file)`,
		"--config=none.yaml":                       `config "none.yaml": no such file or directory (flag --config)`,
		"--config=.":                               `config ".": is a directory (flag --config)`,
		"--sesion-ttl=1":                           `unknown flag: --sesion-ttl: did you mean --session-ttl-seconds?`,
		"-x":                                       `unknown shorthand flag: 'x' in -x`,
		"--listen":                                 `flag needs an argument: --listen`,
	}
	s := newSandbox(t)
	for flag, want := range cases {
		for _, command := range loaders {
			s.refuses(want, append(strings.Fields(command), flag)...)
		}
	}
}

func TestLoad_RefusesABadVariable(t *testing.T) {
	cases := map[string]string{
		"CPGATE_SESSION_TTL_SECONDS=x": `session-ttl-seconds "x": must be a whole number (env CPGATE_SESSION_TTL_SECONDS)`,
		"CPGATE_SESSION_TTL_SECONDS=":  `session-ttl-seconds "": must be a whole number (env CPGATE_SESSION_TTL_SECONDS)`,
		"CPGATE_LISTEN=x":              `listen "x": must be host:port, such as 127.0.0.1:2379 (env CPGATE_LISTEN)`,
		"CPGATE_SESSION_TTL=10":        `CPGATE_SESSION_TTL "10": no such setting, did you mean CPGATE_SESSION_TTL_SECONDS?`,
		"CPGATE_PORT=1":                `CPGATE_PORT "1": no such setting, did you mean CPGATE_PREFIX?`,
		"CPGATE_CONFIG=none":           `config "none": no such file or directory (env CPGATE_CONFIG)`,
	}
	for variable, want := range cases {
		for _, command := range loaders {
			s := newSandbox(t)
			s.set(variable)
			s.refuses(want, strings.Fields(command)...)
		}
	}
}

func TestLoad_RefusesABadFile(t *testing.T) {
	cases := map[string]string{
		"\nsession_ttl: 10":            `config "c.yaml": line 2: unknown key "session_ttl", did you mean session_ttl_seconds?`,
		"session-ttl-seconds: 10":      `config "c.yaml": line 1: unknown key "session-ttl-seconds", did you mean session_ttl_seconds?`,
		"config: other":                `config "c.yaml": line 1: unknown key "config", did you mean`,
		"name: a\n\nname: b":           `config "c.yaml": line 3: name is set a second time, first in line 1`,
		"name: a\nlisten: [a]":         `config "c.yaml": line 2: listen must have a plain value`,
		"name:":                        `config "c.yaml": line 1: name must have a plain value`,
		"lock_acquire_limit: [{a: 1}]": `config "c.yaml": line 1: lock_acquire_limit must have a plain value`,
		"- name":                       `config "c.yaml": line 1: must be lines of the form key: value`,
		"name: a\n---\nname: b":        `config "c.yaml": must hold one YAML document`,
		"name: [":                      `config "c.yaml": line 1: did not find expected node content`,
		"a: b: c":                      `config "c.yaml": mapping values are not allowed in this context`,
		"\nsession_ttl_seconds: 1":     `session-ttl-seconds 1: must be 2 to 604800 (file c.yaml line 2)`,
		"lock_acquire_limit: [\"a\"]":  `lock-acquire-limit "a": "a" must be a whole number from 0 to 2147483647 (file c.yaml line 1)`,
	}
	for content, want := range cases {
		s := newSandbox(t)
		s.write("c.yaml", content)
		r := s.run("config", "print", "--config=c.yaml")
		if r.code != 1 || !strings.HasPrefix(r.err, "cpgate: "+want) || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%q ended with %d: %s, want %s", content, r.code, r.err, want)
		}
	}
}

func TestProgram_RefusesCommandsThatItDoesNotHave(t *testing.T) {
	cases := map[string]string{
		"sevre":            `unknown command "sevre" for "cpgate"`,
		"serve now":        `unknown command "now" for "cpgate serve"`,
		"config show":      `unknown command "show" for "cpgate config"`,
		"config print now": `unknown command "now" for "cpgate config print"`,
		"version --all":    `unknown flag: --all: did you mean --help?`,
	}
	s := newSandbox(t)
	for args, want := range cases {
		s.refuses(want, strings.Fields(args)...)
	}
}
