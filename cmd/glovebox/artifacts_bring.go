package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"

	"glovebox"
	"glovebox/client"
)

// stagePrefix begins the name of the folder in which files are until they are
// whole. The job's id ends it, so that a later command finds what it may go on with.
const stagePrefix = ".glovebox-"

// out is a folder that artifacts are written to. What a job calls its files is
// the job's word, so nothing is opened but through the folder's root.
type out struct {
	dir       string
	root      *os.Root
	stage     string
	overwrite bool
	resuming  bool
}

// openOut opens or makes a folder for the artifacts of a job. It must be empty,
// unless something of the same job was broken off there, or overwrite is set. id
// is empty if there is no job yet.
func openOut(dir, id string, overwrite bool) (*out, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "make the folder: %w", err).On("--out").Try("name a folder that can be written to")
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "open the folder: %w", err).On("--out").Try("name a folder")
	}
	o := &out{dir: dir, root: root, stage: stagePrefix + id, overwrite: overwrite}
	if st, err := root.Lstat(o.stage); id != "" && err == nil && st.IsDir() {
		o.resuming = true
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err == nil && len(entries) > 0 && !overwrite && !o.resuming {
		err = glovebox.Errorf(glovebox.KindConflict, "%s is not empty", dir).On("--out").Try("name a new or empty folder, or give --overwrite")
	}
	if err != nil {
		root.Close()
		return nil, err
	}
	return o, nil
}

func (o *out) close() { o.root.Close() }

// bring writes artifacts into a folder and says what came.
func (a *app) bring(ctx context.Context, c *client.Client, j client.Job, all []client.Artifact, o *out) error {
	files, bytes := 0, int64(0)
	for i, f := range all {
		if first, _, _ := strings.Cut(f.Path, "/"); first == o.stage {
			a.complain(glovebox.Errorf(glovebox.KindConflict, "%s is not brought: its name is in use while others are", f.Path))
			continue
		}
		if f.Folder {
			if err := o.folders(f.Path); err != nil {
				return err
			}
			continue
		}
		if err := o.fetch(ctx, c, j.ID, i, f); err != nil {
			if glovebox.AsError(err).Hint == "" {
				err = glovebox.AsError(err).Try("go on with: glovebox artifacts get %s --out %s", j.ID, o.dir)
			}
			return err
		}
		files, bytes = files+1, bytes+f.Size
	}
	if err := o.root.RemoveAll(o.stage); err != nil {
		return glovebox.Errorf(glovebox.KindUnavailable, "remove what is not needed any more: %w", err)
	}
	fmt.Fprintf(a.stderr, "glovebox: %s, %s, in %s\n", plural(files, "file"), humanSize(bytes), inert(o.dir))
	a.mentionLeftOut(j)
	return nil
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// folders makes a folder and those above it. What is in the way, be it a link to
// a folder, stays in the way.
func (o *out) folders(dir string) error {
	if dir == "." {
		return nil
	}
	if err := o.folders(path.Dir(dir)); err != nil {
		return err
	}
	st, err := o.root.Lstat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = o.root.Mkdir(dir, 0o755)
	case err == nil && !st.IsDir():
		err = glovebox.Errorf(glovebox.KindConflict, "%s is in the way: it is no folder", path.Join(o.dir, dir)).Try("move it away, or name another folder")
	}
	return inFolder(err)
}

func inFolder(err error) error {
	if _, ours := errors.AsType[*glovebox.Error](err); err == nil || ours {
		return err
	}
	return glovebox.Errorf(glovebox.KindUnavailable, "write what the job left: %w", err)
}

// fetch brings one file, unless it is there already: into the stage, from where
// an earlier try ended, and once it is whole and right to its place.
func (o *out) fetch(ctx context.Context, c *client.Client, id string, i int, f client.Artifact) error {
	if o.has(f) {
		return nil
	}
	if _, err := o.root.Lstat(f.Path); err == nil && !o.overwrite {
		return glovebox.Errorf(glovebox.KindConflict, "%s is in the way", path.Join(o.dir, f.Path)).Try("move it away, or give --overwrite")
	}
	if err := o.folders(path.Dir(f.Path)); err != nil {
		return err
	}
	if err := o.folders(o.stage); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.Mode&0o111 != 0 {
		mode = 0o755
	}
	part := path.Join(o.stage, strconv.Itoa(i))
	w, err := o.root.OpenFile(part, os.O_CREATE|os.O_RDWR, mode)
	if err != nil {
		return inFolder(err)
	}
	err = download(ctx, c, id, f, w)
	if err = errors.Join(err, w.Close()); err != nil {
		return inFolder(err)
	}
	if st, err := o.root.Lstat(f.Path); err == nil && st.IsDir() {
		return glovebox.Errorf(glovebox.KindConflict, "%s is in the way: it is a folder", path.Join(o.dir, f.Path)).Try("move it away, or name another folder")
	}
	return inFolder(o.root.Rename(part, f.Path))
}

// has says whether a file is there as it should be.
func (o *out) has(f client.Artifact) bool {
	st, err := o.root.Lstat(f.Path)
	if err != nil || !st.Mode().IsRegular() || st.Size() != f.Size || (st.Mode()&0o111 != 0) != (f.Mode&0o111 != 0) {
		return false
	}
	r, err := o.root.Open(f.Path)
	if err != nil {
		return false
	}
	defer r.Close()
	sum := newChecksum()
	_, err = io.Copy(sum, r)
	return err == nil && sum.digest() == f.Digest
}

// download fills w with a file, from where w ends. What is in w by then must be
// the beginning of it; if it turns out that it was not, all comes anew.
func download(ctx context.Context, c *client.Client, id string, f client.Artifact, w *os.File) error {
	for {
		sum := newChecksum()
		from, err := io.Copy(sum, io.NewSectionReader(w, 0, f.Size))
		if err != nil {
			return err
		}
		if from < f.Size {
			if err := copyFrom(ctx, c, id, f, from, w, sum); err != nil {
				return err
			}
		}
		if sum.digest() == f.Digest {
			return w.Truncate(f.Size)
		}
		if err := w.Truncate(0); err != nil {
			return err
		}
		if from == 0 {
			return otherContent(f)
		}
	}
}

func copyFrom(ctx context.Context, c *client.Client, id string, f client.Artifact, from int64, w *os.File, sum io.Writer) error {
	r, err := c.Artifact(ctx, id, f, from)
	if err != nil {
		return err
	}
	defer r.Close()
	n, err := io.Copy(io.MultiWriter(io.NewOffsetWriter(w, from), sum), io.LimitReader(r, f.Size-from))
	if err == nil && from+n < f.Size {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func otherContent(f client.Artifact) error {
	return glovebox.Errorf(glovebox.KindInternal, "what came for %s is not what its checksum says", f.Path).
		Try("try again; if it stays so, the server's disk may be damaged")
}

// checksum is a sha256 as digests are written.
type checksum struct{ hash.Hash }

func newChecksum() checksum { return checksum{sha256.New()} }

func (c checksum) digest() string { return "sha256:" + hex.EncodeToString(c.Sum(nil)) }
