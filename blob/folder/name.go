package folder

import (
	"path"
	"strings"

	"glovebox/blob"
)

// A key's segments become folders and its last one a file. Since "a" and "a/b"
// can both be keys, files end in "+", which no key has. A segment may be longer
// than a file name, so each full chunk of it becomes a folder ending in "=":
//
//	sha256/ab12…   sha256/ab12…+
//	a              a+
//	a/b            a/b+
//	<250 × x>      <200 × x>=/<50 × x>+
const (
	fileMark  = "+"
	chunkMark = "="
	chunkSize = 200
)

// fileName returns where a valid key's file is, relative to the root.
func fileName(key string) string {
	var b strings.Builder
	b.WriteString(objectsDir)
	for {
		segment, rest, more := strings.Cut(key, "/")
		for len(segment) >= chunkSize {
			b.WriteString("/" + segment[:chunkSize] + chunkMark)
			segment = segment[chunkSize:]
		}
		if !more {
			return b.String() + "/" + segment + fileMark
		}
		if segment == "" { // the chunks took all of it
			segment = chunkMark
		}
		b.WriteString("/" + segment)
		key = rest
	}
}

// entryKey undoes fileName for one folder entry: it returns the part of the key
// that name stands for, whether it is a file, and whether it is ours at all.
func entryKey(name string) (part string, file, ok bool) {
	switch {
	case name == chunkMark:
		return "/", false, true
	case strings.HasSuffix(name, fileMark):
		part, file = strings.TrimSuffix(name, fileMark), true
	case strings.HasSuffix(name, chunkMark):
		part = strings.TrimSuffix(name, chunkMark)
	default:
		part = name + "/"
	}
	return part, file, blob.CanPrefix(part)
}

// parents returns the folders that lead to a file, the nearest first, without
// those that are always there.
func parents(file string) []string {
	var dirs []string
	for dir := path.Dir(file); dir != objectsDir; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
	}
	return dirs
}
