// Package blob holds what all implementations of glovebox.Blobs share: the rule
// for keys. The implementations are in its folders, and so is blobtest, the suite
// that each of them passes.
package blob

import (
	"strings"

	"glovebox"
)

// MaxKeyBytes is the length of the longest key.
const MaxKeyBytes = 512

// CheckKey returns KindInvalid unless key is one or more segments of
// [A-Za-z0-9._:-] joined by "/", none of them "." or "..".
func CheckKey(key string) error {
	if len(key) == 0 || len(key) > MaxKeyBytes {
		return bad(key, "must have 1 to 512 bytes")
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch segment {
		case "", ".", "..":
			return bad(key, `has a segment that is empty, "." or ".."`)
		}
		for i := range len(segment) {
			if !allowed(segment[i]) {
				return bad(key, "may only have letters, digits and ._:- between slashes")
			}
		}
	}
	return nil
}

// CanPrefix returns whether any key can start with prefix, which may end within
// a segment. List of any other prefix is empty, not an error.
func CanPrefix(prefix string) bool {
	if len(prefix) > MaxKeyBytes {
		return false
	}
	for i := range len(prefix) {
		if !allowed(prefix[i]) && prefix[i] != '/' {
			return false
		}
	}
	return true
}

func allowed(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c == '.' || c == '_' || c == ':' || c == '-'
}

func bad(key, why string) error {
	if len(key) > 64 {
		key = key[:64] + "…"
	}
	return glovebox.Errorf(glovebox.KindInvalid, "blob key %q %s", key, why)
}
