package policy

import (
	"slices"
	"strings"
)

// manyPaths is how many paths a learned rule names; more become prefixes.
const manyPaths = 8

// fold turns the paths that were seen into patterns that match all of them: the
// paths themselves if they are few, else the longest prefixes, at a slash, of
// which there are few.
func fold(paths []string) []string {
	plain := make([]string, 0, len(paths))
	for _, p := range paths {
		plain = append(plain, spellable(p))
	}
	for depth := 6; depth > 0; depth-- {
		if folded := foldAt(plain, depth); len(folded) <= manyPaths {
			return folded
		}
	}
	return []string{"/*"}
}

// spellable is a path, or the prefix of it that a rule can spell.
func spellable(p string) string {
	bad := strings.IndexFunc(p, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`?#%\*`, r) })
	parts := strings.Split(p, "/")
	dots := slices.Contains(parts, ".") || slices.Contains(parts, "..") || strings.Contains(p, "//")
	switch {
	case !strings.HasPrefix(p, "/") || dots:
		return "/*"
	case bad < 0 && len(p) < 1024:
		return p
	case bad < 0:
		bad = 1000
	}
	return p[:strings.LastIndexByte(p[:bad], '/')+1] + "*"
}

// foldAt lets paths that are deeper than depth end there in a "*", and leaves
// out what another pattern matches.
func foldAt(paths []string, depth int) []string {
	var folded []string
	for _, p := range paths {
		parts := strings.SplitAfter(p, "/") // the first is "/"
		if len(parts) > depth+1 {
			p = strings.Join(parts[:depth+1], "") + "*"
		}
		folded = append(folded, p)
	}
	slices.Sort(folded)
	if folded = slices.Compact(folded); len(folded) > manyPaths*manyPaths {
		return folded // too many, whatever is left out
	}
	return slices.DeleteFunc(slices.Clone(folded), func(p string) bool {
		return slices.ContainsFunc(folded, func(q string) bool { return q != p && coversPath([]string{q}, p) })
	})
}
