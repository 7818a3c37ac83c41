package warden

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Notes are lines. They come from a process that may be hostile: anything
// malformed is dropped, and what is kept is a few numbers.
const (
	noteDenied  = "denied\n"
	noteFull    = "full "
	noteScratch = "scratch "

	// maxDenied keeps a fork bomb from being a flood of notes; what matters
	// is that there was one.
	maxDenied = 1024
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
}

// Reader collects the notes of one sandbox.
type Reader struct {
	pipe  *os.File
	give  int // the sandbox's end, until it has it; -1 then. Not a file, which would make it block
	done  chan struct{}
	notes Notes
}

// Listen makes a pipe for the notes of one sandbox.
func Listen() (*Reader, error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	return &Reader{
		pipe: os.NewFile(uintptr(p[0]), "notes"), give: p[1], done: make(chan struct{}),
	}, nil
}

// Limited says that the job has run into a limit that ends it.
func (n Notes) Limited() bool { return n.Denied > 0 || n.Full != "" }

// Collect reads until the sandbox's end of the pipe is closed. Run it once the
// sandbox has that end. At the first note that says that the job is to end for
// a limit, it calls end.
func (r *Reader) Collect(end func()) {
	defer close(r.done)
	defer r.pipe.Close()
	br := bufio.NewReaderSize(r.pipe, 256)
	for {
		line, err := br.ReadSlice('\n')
		if err == nil {
			before := r.notes.Limited()
			r.take(string(line))
			if !before && r.notes.Limited() {
				end()
			}
		} else if !errors.Is(err, bufio.ErrBufferFull) {
			return // io.EOF, or the pipe was closed by Close
		}
	}
}

func (r *Reader) take(line string) {
	if line == noteDenied {
		r.notes.Denied = min(r.notes.Denied+1, maxDenied)
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

// Result waits for the end of the notes, which comes with the sentry's.
func (r *Reader) Result() Notes {
	<-r.done
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
