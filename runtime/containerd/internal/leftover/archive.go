package leftover

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"glovebox"
)

// ErrMalformed is that a sandbox tells of things that cannot be.
var ErrMalformed = errors.New("that is not what a job can have left")

// Archive writes an archive as glovebox.Collector has it, and takes nothing that
// does not belong into one, whoever says so.
type Archive struct {
	tar    *tar.Writer
	failed *FailedWriter
	inside []string // names of the folders that the last entry is in, or is
	lasts  []string // the last name at the top, and in each of them
	buf    []byte
}

// FailedWriter is a writer that remembers its error, to tell it from others.
type FailedWriter struct {
	W   io.Writer
	Err error
}

// Write implements io.Writer.
func (f *FailedWriter) Write(p []byte) (int, error) {
	if f.Err != nil {
		return 0, f.Err
	}
	n, err := f.W.Write(p)
	f.Err = err
	return n, err
}

// NewArchive begins one.
func NewArchive(w io.Writer) *Archive {
	f := &FailedWriter{W: w}
	return &Archive{tar: tar.NewWriter(f), failed: f, lasts: []string{""}, buf: make([]byte, copyBytes)}
}

const copyBytes = 256 << 10

// Folder adds one.
func (a *Archive) Folder(name string, mode uint32) error {
	if strings.Count(name, "/") >= glovebox.MaxOutDepth {
		return fmt.Errorf("%w: %.100q is too deep", ErrMalformed, name)
	}
	if err := a.follow(name, true); err != nil {
		return err
	}
	return a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: int64(mode & 0o777), Format: tar.FormatPAX})
}

// File adds one of exactly size bytes.
func (a *Archive) File(name string, mode uint32, size int64, from io.Reader) error {
	if err := a.follow(name, false); err != nil {
		return err
	}
	if size < 0 {
		return fmt.Errorf("%w: a file of %d bytes", ErrMalformed, size)
	}
	err := a.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: int64(mode & 0o777), Size: size, Format: tar.FormatPAX})
	if err != nil {
		return err
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{a.tar}, io.LimitReader(from, size), a.buf)
	if err == nil && n < size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Close completes it.
func (a *Archive) Close() error { return a.tar.Close() }

// WriteError is the error of the writer that the archive goes to, if that
// failed.
func (a *Archive) WriteError() error { return a.failed.Err }

// follow refuses a name that cannot come after the one before: what is in a
// folder follows it, in order, and nothing is there twice.
func (a *Archive) follow(name string, folder bool) error {
	if !Speakable(name) {
		return fmt.Errorf("%w: the name %.100q", ErrMalformed, name)
	}
	parts := strings.Split(name, "/")
	above, own := parts[:len(parts)-1], parts[len(parts)-1]
	if len(above) > len(a.inside) || !slices.Equal(above, a.inside[:len(above)]) || own <= a.lasts[len(above)] {
		return fmt.Errorf("%w: %.100q is out of order", ErrMalformed, name)
	}
	a.inside, a.lasts = a.inside[:len(above)], a.lasts[:len(above)+1]
	a.lasts[len(above)] = own
	if folder {
		a.inside, a.lasts = append(a.inside, own), append(a.lasts, "")
	}
	return nil
}

// Speakable says whether a name can be in an archive.
func Speakable(name string) bool {
	return name != "" && name != "." && len(name) <= glovebox.MaxOutName && utf8.ValidString(name) && !strings.ContainsRune(name, 0) &&
		path.Clean(name) == name && name[0] != '/' && name != ".." && !strings.HasPrefix(name, "../") &&
		strings.Count(name, "/") <= glovebox.MaxOutDepth
}
