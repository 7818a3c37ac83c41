// Package hostview reads what the kernel says about mounts and processes, for
// finding what a sandbox left behind.
package hostview

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Mount is one line of the mount table.
type Mount struct {
	Point string
	Type  string // of the file system; "nsfs" pins a namespace
}

// Mounts lists the mounts of this process's mount namespace whose point is one
// of dirs or below it, in the order they were made. The table is read once.
func Mounts(dirs ...string) ([]Mount, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseMounts(f, dirs...)
}

// IsMount says that there is a mount right at dir, without reading the table,
// which takes the longer the more is mounted. False may also mean that this
// kernel (before 5.8) does not tell.
func IsMount(dir string) bool {
	var st unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, dir, unix.AT_SYMLINK_NOFOLLOW|unix.AT_STATX_DONT_SYNC, unix.STATX_TYPE, &st)
	return err == nil && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
}

func parseMounts(r io.Reader, dirs ...string) ([]Mount, error) {
	for i := range dirs {
		dirs[i] = filepath.Clean(dirs[i])
	}
	below := func(point string) bool {
		return slices.ContainsFunc(dirs, func(dir string) bool {
			return strings.HasPrefix(point, dir) && (len(point) == len(dir) || point[len(dir)] == '/')
		})
	}
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
		if below(point) {
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
