package warden

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Notes are lines. They come from a process that may be hostile: anything
// malformed is dropped, and what is kept is a few numbers.
const (
	noteDenied  = "denied\n"
	noteScratch = "scratch "
	noteFull    = "full "
	noteExit    = "exit "

	// maxDenied keeps a fork bomb from being a flood of notes; what matters
	// is that there was one.
	maxDenied = 1024
)

// What a scratch layer can run out of.
const (
	FullBytes  = "bytes"
	FullInodes = "inodes"
)

func formatFull(of string) string { return noteFull + of + "\n" }

func formatExit(ws unix.WaitStatus) string { return fmt.Sprintf("%s%d\n", noteExit, uint32(ws)) }

// Notes is what a sandbox has told.
type Notes struct {
	// Denied counts refused clones, up to maxDenied.
	Denied int64
	// Scratch is the most the scratch layer was seen to hold, in bytes.
	Scratch int64
	// Full is FullBytes or FullInodes if the job has used up its scratch
	// layer, whichever came first.
	Full string
	// Exited says whether the sentry told the job's own status. It does not
	// when it was killed or crashed.
	Exited bool
	Status unix.WaitStatus
}

// Reader collects the notes of one sandbox.
type Reader struct {
	pipe  *os.File
	done  chan struct{}
	notes Notes
}

// Listen opens the pipe made by Prepare. It must be called before the sandbox
// is made: the writing end cannot be opened without a reader.
func Listen(dir string) (*Reader, error) {
	pipe, err := os.OpenFile(filepath.Join(dir, notesPipe), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	return &Reader{pipe: pipe, done: make(chan struct{})}, nil
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
	value, isExit := strings.CutPrefix(line, noteExit)
	if ws, err := strconv.ParseUint(strings.TrimSuffix(value, "\n"), 10, 16); isExit && err == nil {
		r.notes.Exited, r.notes.Status = true, unix.WaitStatus(ws)
	}
}

// Result waits for the end of the notes, which comes with the sentry's.
func (r *Reader) Result() Notes {
	<-r.done
	return r.notes
}

// Close ends the collection of a sandbox that never came to be.
func (r *Reader) Close() error { return r.pipe.Close() }

var _ io.Closer = (*Reader)(nil)
