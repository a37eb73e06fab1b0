package keys

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of what callers may name things, in bytes of UTF-8.
const (
	MaxName    = 512
	MaxOwner   = 128
	MaxRequest = 64
)

// defaultGroup is the group that Hazelcast's names mean when they name none; "orders@default" is "orders".
const defaultGroup = "@default"

// Name is the name of a lock, semaphore or latch, checked and in its one form.
type Name string

// ParseName checks a name; the error's text is the rule that it breaks. A trailing "@default" is dropped, and one
// that comes to light by that too: a name read back from an answer must mean the same lock.
func ParseName(s string) (Name, error) {
	if err := check(s, 1, MaxName); err != nil {
		return "", err
	}
	for strings.HasSuffix(s, defaultGroup) {
		s = strings.TrimSuffix(s, defaultGroup)
	}
	if s == "" {
		return "", errors.New(`must not be "@default" alone`)
	}
	return Name(s), nil
}

// CheckOwner checks an owner: 0 to 128 bytes of UTF-8.
func CheckOwner(s string) error { return check(s, 0, MaxOwner) }

// CheckRequestID checks a request id: 1 to 64 bytes of UTF-8.
func CheckRequestID(s string) error { return check(s, 1, MaxRequest) }

func check(s string, least, most int) error {
	switch {
	case len(s) < least || len(s) > most:
		return fmt.Errorf("must be %d to %d bytes, is %d", least, most, len(s))
	case !utf8.ValidString(s):
		return errors.New("must be valid UTF-8")
	}
	return nil
}
