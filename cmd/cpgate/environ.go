package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// readEnviron picks our settings out of an environment, by name, and refuses variables that are none.
func readEnviron(environ []string) (map[string]string, error) {
	var known []string
	names := map[string]string{}
	for _, s := range settings {
		known = append(known, s.env())
		names[s.env()] = s.name
	}
	found := map[string]string{}
	for _, line := range environ {
		variable, value, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(variable, envPrefix) || variable == passwordVariable || isServiceLink(variable, environ) {
			continue
		}
		name, ok := names[variable]
		if !ok {
			return nil, fmt.Errorf("%s %q: no such setting, did you mean %s?", variable, value, nearest(variable, known))
		}
		found[name] = value
	}
	return found, nil
}

// serviceLink matches what Kubernetes puts into every container for a service whose name starts with "cpgate",
// such as CPGATE_PORT_2379_TCP_ADDR.
var serviceLink = regexp.MustCompile(`^CPGATE(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

func isServiceLink(name string, environ []string) bool {
	inKubernetes := func(line string) bool { return strings.HasPrefix(line, "KUBERNETES_SERVICE_HOST=") }
	return serviceLink.MatchString(name) && slices.ContainsFunc(environ, inKubernetes)
}
