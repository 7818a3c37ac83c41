package sandbox

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/sentry/pgalloc"
)

// filestore is the host file behind a scratch layer. It has no name, so that
// it cannot be left behind. We keep it open to see how much a job took that was killed.
type filestore struct{ file *os.File }

func openFilestore(dir string) (*filestore, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make the scratch file: %w", &os.PathError{Op: "open", Path: dir, Err: err})
	}
	f := os.NewFile(uintptr(fd), "scratch")
	pgalloc.IMAWorkAroundForMemFile(f.Fd()) // the sentry may not
	return &filestore{f}, nil
}

// used is how many bytes of disk the layer takes. gVisor empties the file when
// a job has ended by itself; then the sentry has told.
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

// options are those of the tmpfs that the layer is made of, from the size on.
func (s Scratch) options() string {
	options := []string{fmt.Sprint(s.Size)}
	if s.Inodes > 0 {
		options = append(options, fmt.Sprintf("nr_inodes=%d", s.Inodes))
	}
	return strings.Join(options, ",")
}
