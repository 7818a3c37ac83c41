package agent

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"
)

// TestPolled: on virtual time, what comes late is seen when it has come, and
// nobody looks after the end.
func TestPolled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "pipe")
		if err := unix.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		r, w, err := openFIFO(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		defer w.Close()
		rc, err := r.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var until atomic.Int64
		p := &polled{rc, 50 * time.Millisecond, &until}
		began := time.Now()
		time.AfterFunc(time.Minute, func() { _, _ = w.WriteString("late") })
		var buf [10]byte
		n := 0
		look := func(fd uintptr) bool {
			n, err = unix.Read(int(fd), buf[:])
			return !errors.Is(err, unix.EAGAIN)
		}
		if got := p.Read(look); got != nil || n != 4 || time.Since(began) > time.Minute+50*time.Millisecond {
			t.Errorf("%v, %d bytes after %s", got, n, time.Since(began))
		}
		until.Store(time.Now().Add(time.Minute).UnixNano())
		if got := p.Read(look); !errors.Is(got, os.ErrDeadlineExceeded) || time.Since(began) < 2*time.Minute {
			t.Errorf("%v after %s", got, time.Since(began))
		}
	})
}
