package images

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"glovebox"
)

// spool is an archive's files, put aside because an archive may name a layer
// before or after it comes. On disk they have numbers: no name of the archive's
// is ever one of ours.
type spool struct {
	root  *os.Root
	dir   string // within root
	caps  Caps
	files map[string]file   // by their names in the archive
	links map[string]string // other names of files, in the archives of older Dockers
	left  int64             // bytes
}

type file struct {
	number string
	size   int64
}

// newSpool makes a folder for the files in dir, which must be there.
func newSpool(dir string, caps Caps) (*spool, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, spoolError("open", err)
	}
	s := &spool{
		root: root, dir: glovebox.NewID("import_"), caps: caps, left: caps.Stored,
		files: map[string]file{}, links: map[string]string{},
	}
	if err := root.Mkdir(s.dir, 0o700); err != nil {
		_ = root.Close()
		return nil, spoolError("make", err)
	}
	return s, nil
}

func (s *spool) close() {
	_ = s.root.RemoveAll(s.dir)
	_ = s.root.Close()
}

func spoolError(doing string, err error) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "%s the folder for imports: %w", doing, err).
		Try("free space on the disk that holds the data folder, and check who may write there")
}

// fill reads the archive. It tells errors of r, which are returned as they are,
// from those of what r gave.
func (s *spool) fill(ctx context.Context, r io.Reader) error {
	in := &remembering{r: contextReader{ctx, r}}
	plain, done, err := decompress(bufio.NewReaderSize(in, chunk))
	if err != nil {
		return in.or(notArchive(err))
	}
	defer done()
	// All of the stream is capped, headers and padding too.
	t := tar.NewReader(&cappedStream{plain, s.caps.Stored + int64(s.caps.Files)*2048, s.caps.Stored})
	for entries := 0; ; entries++ {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err == nil && entries == s.caps.Files {
			err = tooLarge("archive has more than %d files", s.caps.Files)
		}
		if err == nil {
			err = s.add(h, t)
		}
		if err != nil {
			return in.or(notArchive(err))
		}
	}
	if len(s.files) == 0 {
		return invalid("archive is empty").Try("send an OCI layout as tar, or what docker save writes")
	}
	return nil
}

// notArchive gives errors of the decompressor and the tar reader a kind.
func notArchive(err error) error {
	switch {
	case glovebox.KindOf(err) != glovebox.KindInternal || isContext(err):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return corrupt("archive ends early: %w", err).Try("send the archive again, whole")
	}
	return invalid("not an archive of images: %w", err).Try("send an OCI layout as tar, or what docker save writes")
}

func (s *spool) add(h *tar.Header, content io.Reader) error {
	if h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	name, err := s.caps.inside(h.Name, "path")
	if err != nil {
		return err
	}
	if _, twice := s.files[name]; twice || s.links[name] != "" {
		return invalid("archive has %q twice", clip(name))
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return nil
	case tar.TypeSymlink:
		return s.link(name, path.Dir(name)+"/"+h.Linkname, h.Linkname)
	case tar.TypeLink:
		return s.link(name, h.Linkname, h.Linkname)
	case tar.TypeReg:
		return s.store(name, h.Size, content)
	}
	return invalid("archive has %q of type %q", clip(name), h.Typeflag)
}

// link notes another name of a file. It is resolved among names only.
func (s *spool) link(name, target, said string) error {
	target = path.Clean(target)
	if said == "" || path.IsAbs(said) || target == ".." || strings.HasPrefix(target, "../") {
		return invalid("link %q leads out of the archive", clip(name))
	}
	s.links[name] = target
	return nil
}

func (s *spool) store(name string, size int64, content io.Reader) error {
	if name == "" {
		return invalid("archive has a file without a name")
	}
	if s.left -= size; s.left < 0 || size < 0 {
		return tooLarge("archive has more than %d bytes", s.caps.Stored)
	}
	f := file{number: fmt.Sprintf("%s/%d", s.dir, len(s.files)), size: size}
	out, err := s.root.OpenFile(f.number, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return spoolError("write to", err)
	}
	defer out.Close()
	in := &remembering{r: content}
	if _, err := io.Copy(out, in); err != nil {
		return in.or(spoolError("write to", err))
	}
	s.files[name] = f
	return nil
}

// find returns a file by its name in the archive.
func (s *spool) find(name string) (file, bool) {
	for range 4 {
		if f, ok := s.files[name]; ok {
			return f, true
		}
		name = s.links[name]
	}
	return file{}, false
}

func (s *spool) open(f file) (*os.File, error) {
	r, err := s.root.Open(f.number)
	if err != nil {
		return nil, spoolError("read from", err)
	}
	return r, nil
}

// read returns a small file whole.
func (s *spool) read(name string, limit int64) ([]byte, error) {
	f, ok := s.find(name)
	if !ok {
		return nil, corrupt("archive has no %s", clip(name))
	}
	if f.size > limit {
		return nil, tooLarge("%s has %d bytes, more than %d", clip(name), f.size, limit)
	}
	r, err := s.open(f)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, spoolError("read from", err)
	}
	return raw, nil
}

// remembering keeps a reader's own error apart from those of who reads.
type remembering struct {
	r   io.Reader
	err error
}

func (s *remembering) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

func (s *remembering) or(err error) error {
	if s.err != nil {
		return s.err
	}
	return err
}

// cappedStream ends a stream that goes on for too long.
type cappedStream struct {
	r         io.Reader
	left, cap int64
}

func (c *cappedStream) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, tooLarge("archive has more than %d bytes", c.cap)
	}
	return n, err
}
