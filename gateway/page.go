package gateway

import (
	"encoding/base64"
	"strings"
)

// A page token is where the page before ended, marked with what was listed, so that a token of one list is no
// good for another.
const (
	sessionPages   = "session:"
	lockPages      = "lock:"
	semaphorePages = "semaphore:"
	latchPages     = "latch:"
)

func nextPage(of, after string) string {
	if after == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(of + after))
}

func (f *fields) pageToken(of, token string) (after string) {
	if token == "" {
		return ""
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	after, ok := strings.CutPrefix(string(b), of)
	if err != nil || !ok {
		f.fail(invalid("page_token", "is not a next_page_token of this list"))
	}
	return after
}
