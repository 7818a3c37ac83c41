// Package imageroot answers questions about an unpacked image the way the
// kernel would from inside it: every path is resolved within the image, with
// absolute and parent-crossing links contained. The image is hostile; nothing
// of it is executed, and what is read of it is bounded.
package imageroot

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// Root is an unpacked image that nobody can change while it is looked at.
type Root struct {
	root *os.Root
}

// Open opens the folder an image is unpacked in. The caller closes.
func Open(dir string) (*Root, error) {
	r, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Root{root: r}, nil
}

// Close lets go of the folder.
func (r *Root) Close() error { return r.root.Close() }

// maxLinks is the kernel's bound on links in one path.
const maxLinks = 40

// Resolve follows name from the image's root and returns where it leads,
// without a leading slash ("." is the root), and what is there. os.Root alone
// would refuse absolute links, which are everywhere in real images. With an
// error of kind not-exist the returned path says as far as it was resolved.
func (r *Root) Resolve(name string) (string, fs.FileInfo, error) {
	todo, done, links := strings.Split(name, "/"), []string(nil), 0
	info, err := r.root.Lstat(".")
	if err != nil {
		return ".", nil, err
	}
	for len(todo) > 0 {
		part := todo[0]
		todo = todo[1:]
		if part == "" || part == "." {
			continue
		}
		if !info.IsDir() {
			return join(done), nil, pathError(name, syscall.ENOTDIR)
		}
		if part == ".." {
			done = done[:max(len(done)-1, 0)]
			if info, err = r.root.Lstat(join(done)); err != nil {
				return join(done), nil, err
			}
			continue
		}
		at := path.Join(join(done), part)
		next, err := r.root.Lstat(at)
		if err != nil {
			return at, nil, err
		}
		if next.Mode()&fs.ModeSymlink == 0 {
			done, info = append(done, part), next
			continue
		}
		if links++; links > maxLinks {
			return at, nil, pathError(name, syscall.ELOOP)
		}
		target, err := r.root.Readlink(at)
		if err != nil {
			return at, nil, err
		}
		if path.IsAbs(target) {
			done = nil
			if info, err = r.root.Lstat("."); err != nil {
				return ".", nil, err
			}
		}
		todo = append(strings.Split(target, "/"), todo...)
	}
	return join(done), info, nil
}

// read returns at most limit bytes from the start of a regular file.
func (r *Root) read(name string, limit int64) ([]byte, error) {
	at, info, err := r.Resolve(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, pathError(name, errors.New("not a regular file"))
	}
	f, err := r.root.Open(at)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

func join(parts []string) string {
	if len(parts) == 0 {
		return "."
	}
	return path.Join(parts...)
}

func pathError(name string, err error) error {
	return &fs.PathError{Op: "resolve", Path: name, Err: err}
}
