// Package hostview reads what the kernel says about mounts and processes, for
// finding what a sandbox left behind.
package hostview

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Mount is one line of the mount table.
type Mount struct {
	Point string
	Type  string // of the file system; "nsfs" pins a namespace
}

// Mounts lists the mounts of this process's mount namespace whose point is dir
// or below it, in the order they were made.
func Mounts(dir string) ([]Mount, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseMounts(f, filepath.Clean(dir))
}

func parseMounts(r io.Reader, dir string) ([]Mount, error) {
	var found []Mount
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20) // overlay options of many layers make long lines
	for s.Scan() {
		before, after, ok := strings.Cut(s.Text(), " - ")
		fields, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(tail) < 1 {
			continue
		}
		point := unescape(fields[4])
		if point == dir || strings.HasPrefix(point, dir+"/") {
			found = append(found, Mount{Point: point, Type: tail[0]})
		}
	}
	return found, s.Err()
}

// unescape undoes the kernel's \ooo for blanks and backslashes.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
