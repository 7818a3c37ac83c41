package redact

import (
	"regexp"
	"strings"
)

// What our secrets look like, and those that callers and registries send:
var secrets = []struct {
	hint    string // stands in every text that the pattern can be found in
	pattern *regexp.Regexp
	with    string
}{
	// access tokens, proofs, tokens of CI systems: three parts of base64, the
	// first of which is a JSON object that begins with a name
	{"eyJ", regexp.MustCompile(`eyJ[A-Za-z0-9_-]{6,}(\.[A-Za-z0-9_-]*){1,4}`), Redacted},
	// sessions, links, grants and device tokens: an id and 256 bits in base64
	{".", regexp.MustCompile(`\b[a-z0-9_]{1,128}\.[A-Za-z0-9_-]{43}`), Redacted},
	// recovery codes
	{"-", regexp.MustCompile(`(?i)\b[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}\b`), Redacted},
	// what HTTP carries
	{" ", regexp.MustCompile(`(?i)\b(bearer|basic|dpop) [A-Za-z0-9._~+/=-]{8,}`), "$1 " + Redacted},
	// a password in a URL, such as that of a proxy or registry
	{"://", regexp.MustCompile(`://[^/\s:@]*:[^/\s@]+@`), "://" + Redacted + "@"},
	{"PRIVATE KEY", regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)`), Redacted},
}

// shortest is the length of the shortest secret: what is shorter is none.
const shortest = 12

// Text returns s with everything that looks like a secret replaced.
func Text(s string) string {
	if len(s) < shortest {
		return s
	}
	for _, p := range secrets {
		if strings.Contains(s, p.hint) {
			s = p.pattern.ReplaceAllString(s, p.with)
		}
	}
	return s
}
