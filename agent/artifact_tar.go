package agent

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"glovebox"
)

// gathering reads an archive that a sandbox may have had a hand in, and keeps
// what can be kept: files and folders whose names are clean, each once, as long
// as there is room. Everything else is left out and counted.
type gathering struct {
	room int64 // bytes, for files and the list
	open func() (data, index *os.File, err error)

	set   glovebox.ArtifactSet
	data  *os.File
	index *bufio.Writer
	buf   []byte
	kept  collected
}

// errDisk is in errors of the spools, which are the node's fault.
var errDisk = errors.New("the spool of artifacts cannot be written")

// anyDigest is as long as any.
var anyDigest = "sha256:" + strings.Repeat("0", 2*sha256.Size)

// read takes in the archive, to its end or to the first thing in it that no
// archive has. What is in g then is whole.
func (g *gathering) read(r io.Reader) error {
	archive := tar.NewReader(r)
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read what a job left: %w", err)
		}
		if err := g.take(archive, h); err != nil {
			return err
		}
	}
}

// take keeps one entry, or leaves it out.
func (g *gathering) take(r io.Reader, h *tar.Header) error {
	a, ok := artifactOf(h)
	if !ok {
		g.kept.LeftOut++
		return nil
	}
	if a.Path == "." { // the folder itself
		return nil
	}
	a.Offset = g.kept.Bytes
	if need := a.Size + int64(len(a.Line())); need > g.room {
		g.kept.LeftOut++
		g.kept.Truncated = true
		return nil
	}
	if err := g.set.Claim(a.Path, a.Folder); err != nil {
		g.kept.LeftOut++
		g.kept.Truncated = g.kept.Truncated || glovebox.KindOf(err) == glovebox.KindTooLarge
		return nil
	}
	if g.data == nil {
		if err := g.begin(); err != nil {
			return err
		}
	}
	if !a.Folder {
		var err error
		if a.Digest, err = g.copy(r, a.Size); err != nil {
			return err
		}
	}
	return g.note(a)
}

// artifactOf is what an entry says of itself; false for what is neither a file
// nor a folder.
func artifactOf(h *tar.Header) (glovebox.Artifact, bool) {
	a := glovebox.Artifact{Path: h.Name, Size: h.Size, Mode: uint32(h.Mode) & 0o777, Digest: anyDigest}
	for name := range h.PAXRecords {
		if strings.HasPrefix(name, "GNU.sparse.") { // a few bytes that stand for very many
			return a, false
		}
	}
	switch h.Typeflag {
	case tar.TypeReg:
		return a, true
	case tar.TypeDir:
		a.Path, a.Folder, a.Size, a.Digest = strings.TrimSuffix(h.Name, "/"), true, 0, ""
		return a, true
	}
	return a, false
}

func (g *gathering) begin() error {
	data, index, err := g.open()
	if err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	g.data, g.index, g.buf = data, bufio.NewWriterSize(index, 64<<10), make([]byte, 256<<10)
	return nil
}

// copy moves a file's bytes, as many as were announced, into the spool. A file
// that comes to less is not kept, and neither is what would follow.
func (g *gathering) copy(r io.Reader, size int64) (digest string, err error) {
	hash := sha256.New()
	for left := size; left > 0; {
		n, readErr := r.Read(g.buf[:min(left, int64(len(g.buf)))])
		_, _ = hash.Write(g.buf[:n]) // never fails
		if _, err := g.data.WriteAt(g.buf[:n], g.kept.Bytes+size-left); err != nil {
			return "", fmt.Errorf("%w: %w", errDisk, err)
		}
		left -= int64(n)
		if left > 0 && readErr != nil {
			return "", fmt.Errorf("read a file that a job left: %w", readErr)
		}
	}
	return "sha256:" + hex.EncodeToString(hash.Sum(nil)), nil
}

// note puts an entry on the list.
func (g *gathering) note(a glovebox.Artifact) error {
	line := a.Line()
	if _, err := g.index.Write(line); err != nil {
		return fmt.Errorf("%w: %w", errDisk, err)
	}
	g.kept.Bytes += a.Size
	g.kept.Index += int64(len(line))
	g.room -= a.Size + int64(len(line))
	return nil
}

// end returns what is kept. What of it cannot be written is not.
func (g *gathering) end() collected {
	if g.index == nil || g.index.Flush() == nil {
		return g.kept
	}
	return collected{LeftOut: g.kept.LeftOut, Truncated: true}
}
