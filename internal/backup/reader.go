package backup

import (
	"archive/tar"
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"strings"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"glovebox"
)

// What every file of age, and of zstd, begins with.
const (
	ageIntro  = "age-encryption.org/"
	zstdMagic = "\x28\xb5\x2f\xfd"
)

// Reader reads an archive and checks it at the same time. It is for one
// goroutine.
type Reader struct {
	tar    *tar.Reader
	zstd   *zstd.Decoder
	about  About
	total  Total
	lines  manifest
	all    hash.Hash
	number int

	entry Entry // the file that is being read, if sum is not nil
	sum   hash.Hash
}

// NewReader begins to read. KindDenied if none of the keys fits, or if the
// archive is encrypted and there is none; KindInvalid if it is no backup or is
// damaged; KindUnavailable if it is of a format that is not known here.
func NewReader(r io.Reader, keys []age.Identity) (*Reader, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	plain, err := decrypt(in, keys)
	if err != nil {
		return nil, err
	}
	packed := bufio.NewReaderSize(plain, 64<<10)
	switch magic, err := packed.Peek(len(zstdMagic)); {
	case plain != io.Reader(in) && err != nil:
		return nil, broken(err)
	case string(magic) != zstdMagic:
		return nil, notOurs()
	}
	unpacked, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return nil, notOurs()
	}
	out := &Reader{tar: tar.NewReader(unpacked), zstd: unpacked, all: sha256.New()}
	h, err := out.tar.Next()
	switch {
	case err != nil && !errors.Is(err, tar.ErrHeader):
		out.Close()
		return nil, broken(err)
	case err != nil || h.Name != nameAbout:
		out.Close()
		return nil, notOurs()
	}
	data, err := out.small(h)
	if err == nil {
		out.about, err = parseAbout(data)
	}
	if err != nil {
		out.Close()
		return nil, err
	}
	return out, nil
}

func decrypt(in *bufio.Reader, keys []age.Identity) (io.Reader, error) {
	intro, _ := in.Peek(len(ageIntro)) // what is shorter is no backup
	if string(intro) != ageIntro {
		return in, nil
	}
	if len(keys) == 0 {
		return nil, glovebox.Errorf(glovebox.KindDenied, "the backup is encrypted").
			Try("give its key with --identity FILE, or --passphrase-file FILE")
	}
	plain, err := age.Decrypt(in, keys...)
	if _, none := errors.AsType[*age.NoIdentityMatchError](err); none {
		return nil, glovebox.Errorf(glovebox.KindDenied, "the backup was encrypted for another key").
			Try("give the key that belongs to the recipient of then, or the passphrase of then")
	}
	if err != nil {
		return nil, damaged("%w", err)
	}
	return plain, nil
}

// About says what the archive is a backup of.
func (r *Reader) About() About { return r.about }

// Total is what has been read and checked so far.
func (r *Reader) Total() Total { return r.total }

// Close gives up what reading took. It does not close what was read from.
func (r *Reader) Close() { r.zstd.Close() }

// Next returns the next file, whose bytes are then read from r by Read; what is
// not read of it is skipped, and checked all the same. io.EOF says that the
// archive is whole. KindInvalid if it is not.
func (r *Reader) Next() (Entry, error) {
	if err := r.finish(); err != nil {
		return Entry{}, err
	}
	for {
		h, err := r.tar.Next()
		switch {
		case errors.Is(err, io.EOF):
			return Entry{}, cut()
		case err != nil:
			return Entry{}, broken(err)
		case h.Name == nameEnd:
			return Entry{}, r.ended(h)
		case strings.HasPrefix(h.Name, dirManifests):
			if err := r.manifest(h); err != nil {
				return Entry{}, err
			}
			continue
		}
		if h.Typeflag != tar.TypeReg || r.lines.files == manifestOf {
			return Entry{}, damaged("%.100q is not a file of a backup", h.Name)
		}
		if err := CheckName(h.Name); err != nil {
			return Entry{}, err
		}
		r.entry, r.sum = Entry{Name: h.Name, Size: h.Size, Open: h.Mode == openMode}, sha256.New()
		return r.entry, nil
	}
}

// Read reads from the file that Next has returned.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.tar.Read(p)
	if r.sum != nil {
		r.sum.Write(p[:n])
	}
	if err != nil && err != io.EOF {
		err = broken(err)
	}
	return n, err
}

// finish reads the rest of the file and notes it.
func (r *Reader) finish() error {
	if r.sum == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, struct{ io.Reader }{r}); err != nil {
		return err
	}
	r.lines.add(r.entry, r.sum.Sum(nil))
	r.total.Files++
	r.total.Bytes += r.entry.Size
	r.sum = nil
	return nil
}

// manifest compares what was read with what should have been.
func (r *Reader) manifest(h *tar.Header) error {
	r.number++
	if h.Name != manifestName(r.number) {
		return damaged("a part of it is missing before %.100q", h.Name)
	}
	said, err := r.small(h)
	if err != nil {
		return err
	}
	if !bytes.Equal(said, r.lines.text) {
		return damaged("%s", r.difference(said))
	}
	r.all.Write(said)
	r.lines = manifest{text: r.lines.text[:0]}
	return nil
}

// difference names the first file that is not as the manifest says.
func (r *Reader) difference(said []byte) string {
	theirs := strings.Split(string(said), "\n")
	for i, line := range strings.Split(string(r.lines.text), "\n") {
		if i >= len(theirs) || line != theirs[i] {
			if fields := strings.SplitN(line, " ", 4); len(fields) == 4 {
				return fields[3] + " was changed"
			}
			break
		}
	}
	return "a file is missing"
}

// ended checks the last file. Nothing may follow it.
func (r *Reader) ended(h *tar.Header) error {
	data, err := r.small(h)
	if err != nil {
		return err
	}
	var e end
	if err := json.Unmarshal(data, &e); err != nil {
		return damaged("%w", err)
	}
	if r.lines.files > 0 || e.Total != r.total || e.Hash != hex.EncodeToString(r.all.Sum(nil)) {
		return damaged("%d files with %d bytes are there, and %d with %d should be", r.total.Files, r.total.Bytes, e.Files, e.Bytes)
	}
	switch _, err := r.tar.Next(); {
	case err == nil:
		return damaged("something follows its end")
	case !errors.Is(err, io.EOF):
		return broken(err)
	}
	// The last layer has a check of its own, at its very end.
	if _, err := io.Copy(io.Discard, r.zstd); err != nil {
		return broken(err)
	}
	return io.EOF
}

func (r *Reader) small(h *tar.Header) ([]byte, error) {
	if h.Size > maxSmall {
		return nil, damaged("%.100q has %d bytes", h.Name, h.Size)
	}
	data, err := io.ReadAll(r.tar)
	if err != nil {
		return nil, broken(err)
	}
	return data, nil
}

// broken says what an error of the layers below means.
func broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return cut()
	}
	return damaged("%w", err)
}

func cut() error { return damaged("its end is missing") }
