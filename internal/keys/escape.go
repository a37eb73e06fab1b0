package keys

import (
	"errors"
	"strings"
)

const hexDigits = "0123456789ABCDEF"

// escape writes s as one path segment: '/', '%' and control characters become %XX, everything else stays
// readable. No two strings share a segment, and no segment is a path prefix of another one's keys.
func escape(s string) string {
	if !strings.ContainsFunc(s, reserved) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; reserved(rune(c)) {
			b.WriteString(string([]byte{'%', hexDigits[c>>4], hexDigits[c&15]}))
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// reserved works on bytes too: no byte of a multi-byte character is below 0x80.
func reserved(r rune) bool { return r == '/' || r == '%' || r < ' ' || r == 0x7f }

var errEscape = errors.New("not an escaped segment")

// unescape is the exact inverse of escape: it refuses what escape would never write.
func unescape(s string) (string, error) {
	if !strings.ContainsFunc(s, reserved) {
		return s, nil
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", errEscape
		}
		hi, lo := strings.IndexByte(hexDigits, s[i+1]), strings.IndexByte(hexDigits, s[i+2])
		if hi < 0 || lo < 0 {
			return "", errEscape
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	if escape(b.String()) != s {
		return "", errEscape
	}
	return b.String(), nil
}
