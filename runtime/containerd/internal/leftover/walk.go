package leftover

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"golang.org/x/sys/unix"

	"glovebox"
)

// namesAtOnce is how many names of a folder are kept in memory: a job can make
// many millions. What is more is read again for the next ones.
const namesAtOnce = 20_000

// Walk writes the archive of a folder of this node, below root. Nobody may be
// changing it; who has made it may be hostile. Links are not followed, and
// nothing but folders and regular files is ever opened.
func Walk(root *os.Root, name string, a *Archive) (leftOut int, err error) {
	info, err := root.Lstat(name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return 0, a.Close()
	case err != nil:
		return 0, err
	case !info.IsDir():
		return 1, a.Close()
	}
	dir, err := root.OpenFile(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return 0, err
	}
	w := walker{to: a}
	if err := w.folder(dir, "", 1); err != nil {
		return 0, err
	}
	return w.leftOut, a.Close()
}

type walker struct {
	to      *Archive
	leftOut int
}

// folder writes what is in one, which is depth folders deep, and closes it.
func (w *walker) folder(dir *os.File, path string, depth int) error {
	defer dir.Close()
	for after, more := "", true; more; {
		var names []string
		var err error
		if names, more, err = namesAfter(dir, after, namesAtOnce); err != nil {
			return fmt.Errorf("list the folder %q: %w", path, err)
		}
		for _, name := range names {
			at := name
			if path != "" {
				at = path + "/" + name
			}
			if err := w.entry(dir, name, at, depth); err != nil {
				return err
			}
			after = name
		}
	}
	return nil
}

// entry writes what a name in a folder stands for.
func (w *walker) entry(dir *os.File, name, at string, depth int) error {
	var st unix.Stat_t
	err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return &os.PathError{Op: "look at", Path: at, Err: err}
	}
	kind := st.Mode & unix.S_IFMT
	if !Speakable(at) || kind != unix.S_IFREG && (kind != unix.S_IFDIR || depth > glovebox.MaxOutDepth) {
		w.leftOut++
		return nil
	}
	// Not blocking, and looked at again, as if it could have changed.
	fd, err := unix.Openat(int(dir.Fd()), name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return &os.PathError{Op: "open", Path: at, Err: err}
	}
	f := os.NewFile(uintptr(fd), at)
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != kind {
		f.Close()
		return fmt.Errorf("%q has changed: %w", at, errors.Join(err, ErrMalformed))
	}
	if kind == unix.S_IFDIR {
		if err := w.to.Folder(at, st.Mode); err != nil {
			f.Close()
			return err
		}
		return w.folder(f, at, depth+1)
	}
	defer f.Close()
	return w.to.File(at, st.Mode, st.Size, f)
}

// namesAfter returns the first most names in a folder that come after one, in
// order, and whether there are more.
func namesAfter(dir *os.File, after string, most int) (names []string, more bool, err error) {
	if _, err := dir.Seek(0, io.SeekStart); err != nil {
		return nil, false, err
	}
	for {
		some, err := dir.Readdirnames(1000)
		for _, name := range some {
			if name > after {
				names = append(names, name)
			}
		}
		if len(names) > 2*most || err != nil {
			slices.Sort(names)
			if len(names) > most {
				clear(names[most:])
				names, more = names[:most], true
			}
		}
		if errors.Is(err, io.EOF) {
			return names, more, nil
		}
		if err != nil {
			return nil, false, err
		}
	}
}
