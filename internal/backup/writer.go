package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"

	"glovebox"
)

// manifestOf is how many files a manifest lists.
const manifestOf = 1000

// Writer writes an archive. It is for one goroutine.
type Writer struct {
	tar    *tar.Writer
	layers []io.Closer // below tar, the uppermost first
	taken  time.Time
	total  Total
	lines  manifest
	all    hash.Hash // of all manifests
	number int
}

// manifest gathers the lines of the next one.
type manifest struct {
	text  []byte
	files int
}

func (m *manifest) add(e Entry, sum []byte) {
	state := "sealed"
	if e.Open {
		state = "open"
	}
	m.text = fmt.Appendf(m.text, "%s %d %s %s\n", hex.EncodeToString(sum), e.Size, state, e.Name)
	m.files++
}

// NewWriter begins an archive; without a recipient it can be read by everybody.
func NewWriter(w io.Writer, to []age.Recipient, about About) (*Writer, error) {
	out := &Writer{taken: about.Taken, all: sha256.New()}
	if len(to) > 0 {
		sealed, err := age.Encrypt(w, to...)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInvalid, "encrypt the backup: %w", err)
		}
		w, out.layers = sealed, []io.Closer{sealed}
	}
	packed, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "compress the backup: %w", err)
	}
	out.layers = append([]io.Closer{packed}, out.layers...)
	out.tar = tar.NewWriter(packed)
	about.Format = Format
	return out, out.document(nameAbout, about)
}

// Add copies e.Size bytes of r, which must have as many. Errors of r are
// returned as they are.
func (w *Writer) Add(e Entry, r io.Reader) error {
	if err := CheckName(e.Name); err != nil {
		return err
	}
	if err := w.header(e.Name, e.Size, modeOf(e)); err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w.tar, sum), io.LimitReader(r, e.Size))
	if err != nil {
		return err
	}
	if n < e.Size {
		return glovebox.Errorf(glovebox.KindConflict, "%s has become shorter while it was copied", e.Name).Try("try again")
	}
	w.lines.add(e, sum.Sum(nil))
	w.total.Files++
	w.total.Bytes += n
	if w.lines.files == manifestOf {
		return w.manifest()
	}
	return nil
}

// Close ends the archive: only then it can be read. It does not close what it
// was written to.
func (w *Writer) Close() (Total, error) {
	if err := w.manifest(); err != nil {
		return Total{}, err
	}
	if err := w.document(nameEnd, end{w.total, hex.EncodeToString(w.all.Sum(nil))}); err != nil {
		return Total{}, err
	}
	err := w.tar.Close()
	for _, l := range w.layers {
		err = errors.Join(err, l.Close())
	}
	return w.total, err
}

// Abort gives up what the archive holds in memory.
func (w *Writer) Abort() {
	for _, l := range w.layers {
		_ = l.Close() // nobody will read it
	}
}

func (w *Writer) manifest() error {
	if w.lines.files == 0 {
		return nil
	}
	w.number++
	if err := w.small(manifestName(w.number), w.lines.text); err != nil {
		return err
	}
	w.all.Write(w.lines.text)
	w.lines = manifest{text: w.lines.text[:0]}
	return nil
}

func manifestName(n int) string { return fmt.Sprintf("%s%06d", dirManifests, n) }

func (w *Writer) document(name string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "write %s: %w", name, err)
	}
	return w.small(name, append(data, '\n'))
}

func (w *Writer) small(name string, data []byte) error {
	if err := w.header(name, int64(len(data)), sealedMode); err != nil {
		return err
	}
	_, err := w.tar.Write(data)
	return err
}

const (
	sealedMode = 0o400
	openMode   = 0o600
)

func modeOf(e Entry) int64 {
	if e.Open {
		return openMode
	}
	return sealedMode
}

func (w *Writer) header(name string, size, mode int64) error {
	return w.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: mode, ModTime: w.taken.UTC().Truncate(time.Second), Format: tar.FormatPAX,
	})
}
