package session

import (
	"crypto/sha256"
	"encoding/binary"

	"github.com/cpgate/cpgate/internal/keys"
)

// ID names a session: the id of its lease, positive.
type ID int64

// ParseID reads what String writes; the error's text is the rule that s breaks.
func ParseID(s string) (ID, error) {
	id, err := keys.ParseHex(s)
	return ID(id), err
}

// String spells the id as its keys do: lower-case hex without padding.
func (i ID) String() string { return keys.Hex(int64(i)) }

// idOf derives the id from who asks and under which request, so that a repeated opening finds the session of
// the first one, through whichever gateway.
func idOf(user, request string) ID {
	h := sha256.New()
	h.Write([]byte(user))
	h.Write([]byte{0}) // keeps ("a", "bc") and ("ab", "c") apart
	h.Write([]byte(request))
	id := binary.BigEndian.Uint64(h.Sum(nil)) >> 1
	return ID(max(id, 1))
}
