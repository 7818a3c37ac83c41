package filter

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// cleanPath returns the decoded path of a request's target, or false if two
// servers could read it in two ways: dot segments, empty segments, encoded
// slashes, backslashes, encodings of encodings, parameters of dot segments,
// control bytes, and what is not UTF-8. A rule with paths refuses those.
func cleanPath(escaped string) (string, bool) {
	if !strings.HasPrefix(escaped, "/") || strings.ContainsAny(escaped, "\\#?") {
		return "", false
	}
	lower := strings.ToLower(escaped)
	if strings.Contains(lower, "%2f") || strings.Contains(lower, "%5c") || strings.Contains(lower, "%25") {
		return "", false
	}
	path, err := url.PathUnescape(escaped)
	if err != nil || !utf8.ValidString(path) {
		return "", false
	}
	for _, c := range path {
		if c < 0x20 || 0x7f <= c && c < 0xa0 || c == '\\' || c == utf8.RuneError {
			return "", false
		}
	}
	segments := strings.Split(path[1:], "/")
	for i, s := range segments {
		s, _, _ = strings.Cut(s, ";")
		s = strings.TrimSpace(s)
		if s == "." || s == ".." || s == "" && i < len(segments)-1 {
			return "", false
		}
	}
	if strings.HasPrefix(segments[len(segments)-1], ";") {
		return "", false
	}
	return path, true
}

// pathFits says whether a clean path is what a rule's path says: the same, or
// begins with what is before its "*".
func pathFits(pattern, clean string) bool {
	if clean == "" {
		return false
	}
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(clean, prefix)
	}
	return clean == pattern
}
