package instance

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// lock takes the folder for this process until the file is closed or the
// process ends, however it ends. KindInUse names the process that has it.
func lock(l Layout) (*os.File, error) {
	f, err := os.OpenFile(l.Lock(), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "open the lock: %w", err)
	}
	err = flock(f)
	if errors.Is(err, unix.EWOULDBLOCK) {
		defer f.Close()
		return nil, inUse(l, f)
	}
	if err == nil {
		err = f.Truncate(0)
	}
	if err == nil {
		_, err = fmt.Fprintf(f, "%d\n", os.Getpid())
	}
	if err != nil {
		f.Close()
		return nil, glovebox.Errorf(glovebox.KindInternal, "lock %s: %w", l.Lock(), err)
	}
	return f, nil
}

// flock tries for a moment, because Running holds the lock while it looks and
// a service that was killed takes a moment to be gone.
func flock(f *os.File) error {
	for end := time.Now().Add(500 * time.Millisecond); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(end) {
			return err
		}
	}
}

func inUse(l Layout, f *os.File) error {
	buf := make([]byte, 32)
	n, _ := f.ReadAt(buf, 0)
	who := "another glovebox"
	if pid := strings.TrimSpace(string(buf[:n])); pid != "" {
		who += " with pid " + pid
	}
	return glovebox.Errorf(glovebox.KindInUse, "%s is in use by %s", l.Dir, who).
		Try("stop that one first, or name another folder with --data")
}

// Running says whether a service holds the folder right now, and its pid if
// that can be read. It needs root, as the lock is root's.
func Running(l Layout) (pid string, running bool, err error) {
	f, err := os.OpenFile(l.Lock(), os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, glovebox.Errorf(glovebox.KindInternal, "open the lock: %w", err)
	}
	defer f.Close()
	// A shared lock, so that two that only ask do not see each other.
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); err == nil {
		return "", false, nil
	}
	buf := make([]byte, 32)
	n, _ := f.ReadAt(buf, 0)
	return strings.TrimSpace(string(buf[:n])), true, nil
}
