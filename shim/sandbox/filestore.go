package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// filestore is the host file behind a scratch layer. gVisor removes its name
// as soon as it exists, so that it cannot be left behind; we find it again
// among the sentry's descriptors and keep it to see how much was used by a job
// that was killed; otherwise the sentry tells, and empties the file.
type filestore struct{ file *os.File }

func openFilestore(sentry int, dir string) (*filestore, error) {
	fds := fmt.Sprintf("/proc/%d/fd", sentry)
	entries, err := os.ReadDir(fds)
	if err != nil {
		return nil, fmt.Errorf("find the scratch file: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(fds, e.Name())
		target, err := os.Readlink(path)
		if err != nil || !strings.HasPrefix(filepath.Base(target), "runsc-filestore-") {
			continue
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("open the scratch file: %w", err)
		}
		return &filestore{f}, nil
	}
	return nil, errors.New("the sentry has no scratch file in " + dir)
}

// used is how many bytes of disk the layer takes.
func (f *filestore) used() int64 {
	if f == nil {
		return 0
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.file.Fd()), &st); err != nil {
		return 0
	}
	return st.Blocks * 512
}

// Close lets the kernel free the disk space.
func (f *filestore) Close() {
	if f != nil {
		f.file.Close()
	}
}
