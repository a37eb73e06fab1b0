package keys

import (
	"errors"
	"strconv"
)

var errHex = errors.New("must be 1 to 16 lower-case hex digits without leading zeros, and positive as a 64-bit number")

// ParseHex reads what Hex writes for a positive id, and nothing else: one id has one spelling.
func ParseHex(s string) (int64, error) {
	id, err := strconv.ParseInt(s, 16, 64)
	if err != nil || id <= 0 || Hex(id) != s {
		return 0, errHex
	}
	return id, nil
}

// SessionOf returns the id of the session with that marker. ok is false for any other key.
func (s Space) SessionOf(marker string) (sid int64, ok bool) {
	n := len(s.Sessions())
	if len(marker) <= n || marker[:n] != s.Sessions() {
		return 0, false
	}
	sid, err := ParseHex(marker[n:])
	return sid, err == nil
}
