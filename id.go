package glovebox

import (
	"crypto/rand"
	"encoding/base32"
	"strconv"
)

var idAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns prefix and 100 random bits in lower-case base 32: fit for file
// names, container ids and URLs, and not to be guessed or counted.
func NewID(prefix string) string {
	var b [13]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return prefix + idAlphabet.EncodeToString(b[:])[:20]
}

// ValidID says whether s could have come from NewID(prefix).
func ValidID(prefix, s string) bool {
	if len(s) != len(prefix)+20 || s[:len(prefix)] != prefix {
		return false
	}
	for _, c := range s[len(prefix):] {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z' && c != 'i' && c != 'l' && c != 'o' && c != 'u':
		default:
			return false
		}
	}
	return true
}

func itoa(n int) string { return strconv.Itoa(n) }
