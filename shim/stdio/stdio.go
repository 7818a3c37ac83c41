// Package stdio opens the named pipes that carry a job's standard streams and
// hands their ends to the sentry. The shim copies nothing: a job writes into
// the same pipe the agent reads.
//
// # Who holds which end
//
// Output: the sentry gets a write end. The shim keeps a handle that is both
// reader and writer while the sandbox lives, so a job never sees a broken pipe
// while the reading agent restarts; it only waits when the pipe is full. When
// the sandbox has ended the shim swaps that handle for a read-only one: the
// agent sees end of file after the last byte, yet what is still in the pipe
// survives an agent that is away, until the task is deleted. (An agent that
// comes back must open the pipe without blocking, as a pipe without writers
// blocks a plain open.)
//
// Input: the sentry gets a read end. A pipe that has no writer yet reads as
// end of file, so the shim holds a write end until CloseIO. The job sees end
// of file when CloseIO was called and the agent has closed its end, in either
// order.
package stdio

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Paths name the pipes; an empty one means /dev/null.
type Paths struct{ In, Out, Err string }

// Streams are the shim's handles on a job's standard streams.
type Streams struct {
	paths  Paths
	guest  map[int]*os.File // given to the sentry
	stdin  *os.File         // keeps input from ending
	output []*os.File       // keep output from breaking; then from vanishing
}

// Open opens all pipes. On error nothing stays open.
func Open(p Paths) (_ *Streams, err error) {
	s := &Streams{paths: p, guest: map[int]*os.File{}}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.stdin, s.guest[0], err = open(p.In, unix.O_RDONLY); err != nil {
		return nil, fmt.Errorf("stdin: %w", err)
	}
	for fd, path := range map[int]string{1: p.Out, 2: p.Err} {
		keep, guest, err := open(path, unix.O_WRONLY)
		if err != nil {
			return nil, fmt.Errorf("output %d: %w", fd, err)
		}
		s.guest[fd] = guest
		if keep != nil {
			s.output = append(s.output, keep)
		}
	}
	return s, nil
}

// open returns the handle to keep and the end for the sentry. Both are nil-safe
// to close. With no path the sentry gets /dev/null and there is nothing to keep.
func open(path string, mode int) (keep, guest *os.File, err error) {
	if path == "" {
		guest, err = os.OpenFile(os.DevNull, mode, 0)
		return nil, guest, err
	}
	// Opened for both, a pipe neither blocks nor fails; the handle then lets
	// the one-way opening succeed at once.
	keep, err = openPipe(path, unix.O_RDWR)
	if err != nil {
		return nil, nil, err
	}
	guest, err = openPipe(path, mode)
	if err != nil {
		keep.Close()
		return nil, nil, err
	}
	return keep, guest, nil
}

// openPipe opens path and insists on a named pipe: a regular file or a device
// would be passed into the sandbox as such. os.NewFile is kept from handing
// the descriptor to Go's poller, as nothing is read or written here.
func openPipe(path string, mode int) (*os.File, error) {
	fd, err := unix.Open(path, mode|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFIFO {
		unix.Close(fd)
		return nil, errors.Join(fmt.Errorf("%s is not a named pipe", path), err)
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}

// OpenOutput opens a pipe that somebody reads for writing. Writes to it wait for
// the reader.
func OpenOutput(path string) (*os.File, error) { return openPipe(path, unix.O_WRONLY) }

// Paths are the pipes as requested.
func (s *Streams) Paths() Paths { return s.paths }

// Guest maps the job's descriptors to the host files behind them.
func (s *Streams) Guest() map[int]*os.File { return s.guest }

// Given closes our copies of the sentry's ends, once it has them.
func (s *Streams) Given() {
	for _, f := range s.guest {
		if f != nil {
			f.Close()
		}
	}
	s.guest = nil
}

// CloseInput lets the job see the end of its input.
func (s *Streams) CloseInput() {
	if s.stdin != nil {
		s.stdin.Close()
		s.stdin = nil
	}
}

// Ended lets readers see the end of the output. See the package comment.
func (s *Streams) Ended() {
	s.CloseInput()
	for i, f := range s.output {
		keep, err := openPipe(f.Name(), unix.O_RDONLY)
		f.Close()
		if err != nil {
			keep = nil // the agent has removed the pipe: nobody will come back
		}
		s.output[i] = keep
	}
}

// Close gives everything up.
func (s *Streams) Close() {
	s.Given()
	s.CloseInput()
	for _, f := range s.output {
		if f != nil {
			f.Close()
		}
	}
	s.output = nil
}
