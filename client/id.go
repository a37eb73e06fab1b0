package client

import (
	"crypto/rand"
	"encoding/hex"
)

// newID gives 128 random bits in hex: a request id that no other request has.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program rather than answer without entropy
	return hex.EncodeToString(b[:])
}
