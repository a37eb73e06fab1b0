package client

import (
	"math"
	"unicode/utf8"
)

// validName refuses a name that can't even be put into a request; all other rules are the server's.
func validName(name string) error {
	if !utf8.ValidString(name) {
		return invalid("INVALID_NAME", "name", "want UTF-8")
	}
	return nil
}

// validText is validName for any other text.
func validText(field, text string) error {
	if !utf8.ValidString(text) {
		return invalid("INVALID_ARGUMENT", field, "want UTF-8")
	}
	return nil
}

// number gives n as it is sent, and refuses what can't be.
func number(field string, n int) (int32, error) {
	if n < math.MinInt32 || n > math.MaxInt32 {
		return 0, invalid("INVALID_ARGUMENT", field, "want at most 2147483647")
	}
	return int32(n), nil
}
