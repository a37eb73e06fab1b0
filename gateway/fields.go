package gateway

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/cpgate/cpgate/internal/keys"
	cpgatev1 "github.com/cpgate/cpgate/proto/gen/cpgate/v1"
	"github.com/cpgate/cpgate/session"
)

const (
	maxLabel      = 128 // bytes of a session's name
	maxHeartbeats = 1000
	maxPage       = 1000
	defaultPage   = 100
)

// fields reads the fields of one request and keeps the first error, so that a request is translated in one
// expression and checked once.
type fields struct{ err error }

func (f *fields) fail(e *fieldError) {
	if f.err == nil {
		f.err = e
	}
}

func (f *fields) check(field string, rule error) {
	if rule != nil {
		f.fail(invalid(field, "%v", rule))
	}
}

func (f *fields) name(s string) keys.Name {
	n, err := keys.ParseName(s)
	if err != nil {
		f.fail(&fieldError{"name", err.Error(), cpgatev1.ErrorReason_INVALID_NAME})
	}
	return n
}

func (f *fields) session(field, s string) session.ID {
	id, err := session.ParseID(s)
	f.check(field, err)
	return id
}

// anySession is for a session that may be absent: 0 then.
func (f *fields) anySession(s string) session.ID {
	if s == "" {
		return 0
	}
	return f.session("session_id", s)
}

func (f *fields) owner(s string) string {
	f.check("owner", keys.CheckOwner(s))
	return s
}

func (f *fields) requestID(s string) string {
	f.check("request_id", keys.CheckRequestID(s))
	return s
}

// orRandom is for a request id that may be absent: 128 random bits then, which nobody can repeat.
func (f *fields) orRandom(requestID string) string {
	if requestID == "" {
		return rand.Text()
	}
	return f.requestID(requestID)
}

func (f *fields) label(s string) string {
	switch {
	case len(s) > maxLabel:
		f.fail(invalid("name", "must be at most %d bytes, is %d", maxLabel, len(s)))
	case !utf8.ValidString(s):
		f.fail(invalid("name", "must be valid UTF-8"))
	}
	return s
}

func (f *fields) ttl(seconds int32) int32 {
	if seconds != 0 && (seconds < session.MinTTLSeconds || seconds > session.MaxTTLSeconds) {
		f.fail(invalid("ttl_seconds", "must be 0 or %d to %d, is %d",
			session.MinTTLSeconds, session.MaxTTLSeconds, seconds))
	}
	return seconds
}

// timeout is nil for an absent one: no limit. One beyond what Go can count, 292 years, becomes that.
func (f *fields) timeout(d *durationpb.Duration) *time.Duration {
	if d == nil {
		return nil
	}
	t := d.AsDuration()
	switch {
	case d.CheckValid() != nil:
		f.fail(invalid("timeout", "is not a valid google.protobuf.Duration"))
	case t < 0:
		f.fail(invalid("timeout", "must not be negative, is %v", t))
	}
	return &t
}

// atLeastZero is for whole numbers where 0 stands for absent.
func atLeastZero[N int32 | int64](f *fields, field string, n N) N {
	if n < 0 {
		f.fail(invalid(field, "must not be negative, is %d", n))
	}
	return n
}

func (f *fields) pageSize(n int32) int {
	switch {
	case n < 0 || n > maxPage:
		f.fail(invalid("page_size", "must be 0 to %d, is %d", maxPage, n))
	case n == 0:
		return defaultPage
	}
	return int(n)
}

// text makes any bytes a proto string: what is not UTF-8 is shown as \xNN. Other etcd clients may use any bytes
// in their keys.
func text(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}
