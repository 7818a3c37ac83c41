package warden

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Notes are lines. They come from a process that may be hostile: anything
// malformed is dropped, and what is kept is a few numbers.
const (
	noteDenied  = "denied\n"
	noteFull    = "full "
	noteScratch = "scratch "

	// Of what the job leaves: the last one of these counts.
	noteLeftNothing = "nothing left\n"
	noteLeft        = "left\n"
	// noteOver says that no task of the job is left.
	noteOver = "over\n"

	// maxDenied keeps a fork bomb from being a flood of notes; what matters
	// is that there was one.
	maxDenied = 1024

	maxNote = 64
)

// What a scratch layer can run out of.
const (
	FullBytes  = "bytes"
	FullInodes = "inodes"
)

func formatScratch(bytes uint64) string { return fmt.Sprintf("%s%d\n", noteScratch, bytes) }

func formatFull(of string) string { return noteFull + of + "\n" }

// Notes is what a sandbox has told.
type Notes struct {
	// Denied counts refused clones, up to maxDenied.
	Denied int64
	// Scratch is the most the scratch layer was seen to hold, in bytes, if the
	// job has ended by itself.
	Scratch int64
	// Full is FullBytes or FullInodes if the job has used up its scratch
	// layer, whichever came first.
	Full string
	// Left is whether there is something under OutDir: LeftNothing or
	// LeftSomething, once the job's first process has ended.
	Left string
}

// What a job may have left; empty if that was not told.
const (
	LeftNothing   = "nothing"
	LeftSomething = "something"
)

// Reader collects the notes of one sandbox.
type Reader struct {
	pipe *os.File
	give int // the sandbox's end, until it has it; -1 then. Not a file, which would make it block
	done chan struct{}
	over chan struct{} // closed at noteOver

	mu     sync.Mutex // whoever holds it reads
	rest   []byte     // of a note of which there is more to come
	notes  Notes
	isOver bool
	end    func(Notes)
}

// Listen makes a pipe for the notes of one sandbox.
func Listen() (*Reader, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	return &Reader{
		pipe: os.NewFile(uintptr(p[0]), "notes"), give: p[1], done: make(chan struct{}), over: make(chan struct{}),
	}, nil
}

// Limited says that the job has run into a limit that ends it.
func (n Notes) Limited() bool { return n.Denied > 0 || n.Full != "" }

// Collect reads until the sandbox's end of the pipe is closed. Run it once the
// sandbox has that end. At the first note that says that the job is to end for
// a limit, it calls end with what is known, which must not wait for this Reader.
func (r *Reader) Collect(end func(Notes)) {
	defer close(r.done)
	defer r.pipe.Close()
	r.mu.Lock()
	r.end = end
	r.mu.Unlock()
	if conn, err := r.pipe.SyscallConn(); err == nil {
		_ = conn.Read(r.drain)
	}
}

// drain takes what is in the pipe, and says whether that is at its end.
func (r *Reader) drain(fd uintptr) (ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	buf := make([]byte, 256)
	for {
		n, err := unix.Read(int(fd), buf)
		switch {
		case n > 0:
			r.feed(buf[:n])
		case err == unix.EINTR:
		default:
			return err != unix.EAGAIN
		}
	}
}

// feed takes some bytes of notes. What is too long for a note is none.
func (r *Reader) feed(b []byte) {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			if r.rest = append(r.rest, b...); len(r.rest) > maxNote {
				r.rest = r.rest[:maxNote+1]
			}
			return
		}
		line := append(r.rest, b[:i+1]...)
		r.rest, b = nil, b[i+1:]
		if len(line) > maxNote {
			continue
		}
		before := r.notes.Limited()
		r.take(string(line))
		if !before && r.notes.Limited() && r.end != nil {
			r.end(r.notes)
		}
	}
}

func (r *Reader) take(line string) {
	switch line {
	case noteDenied:
		r.notes.Denied = min(r.notes.Denied+1, maxDenied)
		return
	case noteLeftNothing:
		r.notes.Left = LeftNothing
		return
	case noteLeft:
		r.notes.Left = LeftSomething
		return
	case noteOver:
		if !r.isOver {
			r.isOver = true
			close(r.over)
		}
		return
	}
	value, isScratch := strings.CutPrefix(line, noteScratch)
	if n, err := strconv.ParseInt(strings.TrimSuffix(value, "\n"), 10, 64); isScratch && err == nil && n >= 0 {
		r.notes.Scratch = n
	}
	if of, isFull := strings.CutPrefix(strings.TrimSuffix(line, "\n"), noteFull); isFull && r.notes.Full == "" &&
		(of == FullBytes || of == FullInodes) {
		r.notes.Full = of
	}
}

// Now returns what has been told until now.
func (r *Reader) Now() Notes {
	if conn, err := r.pipe.SyscallConn(); err == nil {
		_ = conn.Control(func(fd uintptr) { r.drain(fd) })
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notes
}

// Over is closed when the sandbox has told that no task of its job is left.
func (r *Reader) Over() <-chan struct{} { return r.over }

// Result waits for the end of the notes, which comes with the sentry's.
func (r *Reader) Result() Notes {
	<-r.done
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.notes
}

// Close ends the collection of a sandbox that never came to be.
func (r *Reader) Close() error {
	r.given()
	return r.pipe.Close()
}

// given closes our copy of the sandbox's end.
func (r *Reader) given() {
	if r.give >= 0 {
		_ = unix.Close(r.give)
		r.give = -1
	}
}

var _ io.Closer = (*Reader)(nil)
