package filter

import "strings"

// maxName is the longest DNS name, without the dot at its end.
const maxName = 253

// canonical returns a DNS name in lower case without the dot at its end, or
// false if it is not one that a rule could name: letters, digits, "-" and "_"
// in labels of at most 63 bytes. International names are in their "xn--" form.
func canonical(name string) (string, bool) {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName {
		return "", false
	}
	label, upper := 0, false
	for i := range len(name) {
		c := name[i]
		switch {
		case c == '.':
			if label == 0 {
				return "", false
			}
			label = 0
			continue
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return "", false
		}
		if label++; label > 63 {
			return "", false
		}
	}
	if label == 0 {
		return "", false
	}
	if upper {
		name = strings.ToLower(name)
	}
	return name, true
}

// parent returns what is behind the first label, or "" for a single one.
func parent(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}
