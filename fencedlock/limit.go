package fencedlock

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/cpgate/cpgate/internal/keys"
)

// Limits says how often one caller may hold a lock at a time, by the lock's name. The zero value limits nothing.
type Limits struct{ rules []limitRule }

type limitRule struct {
	parts []string // the pattern, cut at its stars
	limit int32
}

// ParseLimits reads rules of the form pattern=limit. In a pattern * stands for any characters, also none and
// also "/"; the last "=" ends it. A bare number is the limit of all names. 0 is no limit, 1 a lock that can't be
// taken again by its holder, 2147483647 the most. Of the rules that match a name the first counts, and where
// none does the lock has no limit. An error quotes the rule at fault.
func ParseLimits(rules []string) (Limits, error) {
	var l Limits
	for _, r := range rules {
		rule, err := parseRule(r)
		if err != nil {
			return Limits{}, fmt.Errorf("%q: %w", r, err)
		}
		l.rules = append(l.rules, rule)
	}
	return l, nil
}

func parseRule(s string) (limitRule, error) {
	pattern, number := "*", s
	if i := strings.LastIndexByte(s, '='); i >= 0 {
		pattern, number = s[:i], s[i+1:]
	}
	n, err := strconv.ParseUint(number, 10, 31)
	if err != nil {
		return limitRule{}, fmt.Errorf("%q must be a whole number from 0 to 2147483647", number)
	}
	name, err := keys.ParseName(pattern) // the pattern "orders@default" is for the name "orders"
	if err != nil {
		return limitRule{}, fmt.Errorf("the pattern %w", err)
	}
	return limitRule{parts: strings.Split(string(name), "*"), limit: int32(n)}, nil
}

// For returns the limit for the lock with that name, 0 for none.
func (l Limits) For(name string) int32 {
	for _, r := range l.rules {
		if r.matches(name) {
			return r.limit
		}
	}
	return 0
}

// matches takes the leftmost place for each part between two stars, which leaves the most for the rest.
func (r limitRule) matches(name string) bool {
	first, last := r.parts[0], r.parts[len(r.parts)-1]
	if len(r.parts) == 1 {
		return name == first
	}
	name, ok := strings.CutPrefix(name, first)
	if !ok {
		return false
	}
	for _, part := range r.parts[1 : len(r.parts)-1] {
		_, rest, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = rest
	}
	return strings.HasSuffix(name, last)
}
