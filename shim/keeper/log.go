package keeper

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// maxKept bounds how much of the log is kept while nobody attends.
const maxKept = 256 << 10

// Log is where the shim's log goes: to standard error, or to memory while
// nobody is at its other end.
type Log struct {
	mu   sync.Mutex
	kept []byte
	away bool
}

// Write passes a line on, or keeps it. The oldest lines go first.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.away {
		return unix.Write(unix.Stderr, line)
	}
	if over := len(l.kept) + len(line) - maxKept; over > 0 {
		l.kept = l.kept[min(over, len(l.kept)):]
	}
	l.kept = append(l.kept, line...)
	return len(line), nil
}

// leave lets go of standard output and error, which lead to a process that is
// about to end.
func (l *Log) leave() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	l.away = true
	return redirect(null)
}

// give makes to the standard output and error, and tells it what was kept.
func (l *Log) give(to *os.File) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := redirect(to); err != nil {
		return err
	}
	l.away = false
	_, _ = unix.Write(unix.Stderr, l.kept) // a log is no reason not to be taken over
	l.kept = nil
	return nil
}

func redirect(to *os.File) error {
	for _, fd := range []int{unix.Stdout, unix.Stderr} {
		if err := unix.Dup3(int(to.Fd()), fd, 0); err != nil {
			return os.NewSyscallError("dup3", err)
		}
	}
	return nil
}
