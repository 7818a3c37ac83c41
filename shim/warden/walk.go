package warden

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/sentry/kernel/auth"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
	"gvisor.dev/gvisor/pkg/usermem"
)

// Bounds of what is handed over.
const (
	maxOutDepth = 100  // folders in each other
	maxOutName  = 4095 // bytes of a path relative to OutDir
)

// walker goes through what is left. Nothing changes it, so what a name stands
// for is the same from one look to the next.
type walker struct {
	l       *leavings
	ctx     context.Context
	creds   *auth.Credentials
	to      *records
	leftOut int
}

// walk writes everything that there is.
func (l *leavings) walk(to *records) (leftOut int, err error) {
	ctx := l.k.SupervisorContext()
	w := &walker{l: l, ctx: ctx, creds: auth.CredentialsFromContext(ctx), to: to}
	st, err := w.stat("")
	switch {
	case linuxerr.Equals(linuxerr.ENOENT, err):
		return 0, nil
	case err != nil:
		return 0, err
	case st.Mode&linux.S_IFMT != linux.S_IFDIR:
		return 1, nil
	}
	err = w.folder("", 1)
	return w.leftOut, err
}

// op names what is at a path relative to OutDir. No link is followed on the way:
// each folder of it was seen to be one.
func (w *walker) op(path string) *vfs.PathOperation { return w.l.at(OutDir + "/" + path) }

func (w *walker) stat(path string) (linux.Statx, error) {
	op := w.op(path)
	if path == "" {
		op = w.l.at(OutDir)
	}
	return w.l.k.VFS().StatAt(w.ctx, w.creds, op, &vfs.StatOptions{Mask: linux.STATX_TYPE | linux.STATX_MODE | linux.STATX_SIZE})
}

func (w *walker) open(path string, flags uint32) (*vfs.FileDescription, error) {
	return w.l.k.VFS().OpenAt(w.ctx, w.creds, w.op(path), &vfs.OpenOptions{Flags: linux.O_RDONLY | linux.O_NOFOLLOW | linux.O_NONBLOCK | flags})
}

// folder writes what is in one, which is depth folders deep.
func (w *walker) folder(path string, depth int) error {
	names, err := w.names(path)
	if err != nil {
		return fmt.Errorf("list the folder %q: %w", path, err)
	}
	for _, name := range names {
		at := name
		if path != "" {
			at = path + "/" + name
		}
		if len(at) > maxOutName || !utf8.ValidString(name) {
			w.leftOut++
			continue
		}
		st, err := w.stat(at)
		if err != nil {
			return fmt.Errorf("look at %q: %w", at, err)
		}
		switch kind := st.Mode & linux.S_IFMT; {
		case kind == linux.S_IFDIR && depth <= maxOutDepth:
			if err = w.to.head(recordFolder, st.Mode&0o777, at, 0); err == nil {
				err = w.folder(at, depth+1)
			}
		case kind == linux.S_IFREG && st.Size < 1<<63:
			err = w.file(at, st)
		default:
			w.leftOut++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// names lists a folder in order.
func (w *walker) names(path string) (names []string, err error) {
	dir, err := w.open(path, linux.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer dir.DecRef(w.ctx)
	err = dir.IterDirents(w.ctx, vfs.IterDirentsCallbackFunc(func(d vfs.Dirent) error {
		if d.Name != "." && d.Name != ".." {
			names = append(names, strings.Clone(d.Name))
		}
		return nil
	}))
	slices.Sort(names)
	return names, err
}

// file writes one, of which exactly as much follows as is said of it.
func (w *walker) file(path string, st linux.Statx) error {
	file, err := w.open(path, 0)
	if err != nil {
		return fmt.Errorf("open %q: %w", path, err)
	}
	defer file.DecRef(w.ctx)
	if err := w.to.head(recordFile, st.Mode&0o777, path, int64(st.Size)); err != nil {
		return err
	}
	for left, at := int64(st.Size), int64(0); left > 0; {
		n, err := w.to.fill(left, func(b []byte) (int, error) {
			n, err := file.PRead(w.ctx, usermem.BytesIOSequence(b), at, vfs.ReadOptions{})
			return int(n), err
		})
		if n <= 0 {
			return fmt.Errorf("read %q at %d of %d bytes: %v", path, at, st.Size, err)
		}
		left, at = left-int64(n), at+int64(n)
	}
	return nil
}
