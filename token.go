package cpgate

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// jwtOptions are those that etcd knows.
var jwtOptions = []string{"pub-key", "priv-key", "sign-method", "ttl"}

func (c Config) checkAuthToken() error {
	kind, options, err := c.authToken()
	switch {
	case c.AuthToken == "":
		return nil
	case !c.votes():
		return errors.New("needs a member of its own: others make the tokens of the etcd that this node serves")
	case err != nil:
		return err
	case kind == "simple" && len(options) == 0:
		return nil
	case kind != "jwt":
		return errors.New("must be simple, or jwt with its options")
	case options["sign-method"] == "":
		return errors.New("needs sign-method, such as RS256")
	case options["priv-key"] == "":
		return errors.New("needs priv-key: a member that can't sign can't end leases either")
	case options["ttl"] == "":
		return nil
	}
	if ttl, err := time.ParseDuration(options["ttl"]); err != nil || ttl <= 0 {
		return errors.New("ttl must be a duration, such as 10m")
	}
	return nil
}

// authToken takes the setting apart as etcd does.
func (c Config) authToken() (kind string, options map[string]string, err error) {
	kind, rest, more := strings.Cut(c.AuthToken, ",")
	options = map[string]string{}
	for more {
		var pair string
		pair, rest, more = strings.Cut(rest, ",")
		key, value, ok := strings.Cut(pair, "=")
		if _, twice := options[key]; !ok || twice || strings.Contains(value, "=") || !slices.Contains(jwtOptions, key) {
			return "", nil, fmt.Errorf("%q must be one of %s, each with = and a value, once", pair, strings.Join(jwtOptions, ", "))
		}
		options[key] = value
	}
	return kind, options, nil
}

// checkTokenKeys looks for the files that etcd would only call invalid. The configuration has been checked.
func (c Config) checkTokenKeys() error {
	_, options, err := c.authToken()
	for _, key := range []string{"pub-key", "priv-key"} {
		if file := options[key]; err == nil && file != "" {
			if _, failed := os.ReadFile(file); failed != nil {
				err = fmt.Errorf("auth-token %q: %s: %w", c.AuthToken, key, reason(failed))
			}
		}
	}
	return err
}
