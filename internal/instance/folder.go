package instance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"

	"glovebox"
)

func itoa(n int) string { return strconv.Itoa(n) }

// prepareDir makes the instance's own folder and returns the layout with every
// symlink above it resolved, so that what was checked is what is used.
func prepareDir(l Layout) (Layout, error) {
	parent := filepath.Dir(l.Dir)
	r, _ := Read(l) // what is wrong with it is said when the folder is ours
	if above, err := filepath.EvalSymlinks(existing(parent)); err == nil {
		if err := checkPassable(above, r.ControlUID); err != nil {
			return l, err
		}
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return l, glovebox.Errorf(glovebox.KindInvalid, "make %s: %w", parent, err).On("--data")
	}
	parent, err := filepath.EvalSymlinks(parent)
	if err != nil {
		return l, glovebox.Errorf(glovebox.KindInvalid, "resolve %s: %w", filepath.Dir(l.Dir), err).On("--data")
	}
	if err := checkParents(parent); err != nil {
		return l, err
	}
	l.Dir = filepath.Join(parent, filepath.Base(l.Dir))
	if l.Dir == "/" {
		return l, glovebox.Errorf(glovebox.KindInvalid, "the root folder cannot be an instance").On("--data")
	}
	if err := checkLength("--data", l.Dir); err != nil {
		return l, err
	}
	if err := checkContents(l); err != nil {
		return l, err
	}
	if err := checkPassable(parent, r.ControlUID); err != nil { // also what umask made of new ones
		return l, err
	}
	return l, folder(l.Dir, 0, 0o755)
}

// checkContents refuses to make an instance of a folder that holds other
// things, such as /tmp: its owner and mode are about to be changed. A file
// system that was just made is as good as empty.
func checkContents(l Layout) error {
	entries, err := os.ReadDir(l.Dir)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.IsDir() && e.Name() == "lost+found" })
	if err != nil || len(entries) == 0 {
		return nil // absent, empty, or refused with a better reason in a moment
	}
	for _, own := range []string{l.Lock(), l.Record()} {
		if _, err := os.Lstat(own); err == nil {
			return nil
		}
	}
	return glovebox.Errorf(glovebox.KindDenied, "%s holds other things and no instance", l.Dir).On("--data").
		Try("name a new or empty folder")
}

// checkParents refuses a place where anybody could put another folder in place
// of ours. Who owns a parent is trusted: it may be the operator's home.
func checkParents(dir string) error {
	for {
		st, err := os.Lstat(dir)
		if err != nil {
			return glovebox.Errorf(glovebox.KindInvalid, "look at %s: %w", dir, err).On("--data")
		}
		if st.Mode()&0o002 != 0 && st.Mode()&fs.ModeSticky == 0 {
			return glovebox.Errorf(glovebox.KindDenied, "%s can be changed by anybody", dir).On("--data").
				Try("choose a folder below others, or run: chmod o-w %s", dir)
		}
		if dir == "/" {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

// existing is the folder, or the nearest one above it that exists.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == "/" {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// checkPassable refuses a place that control's user cannot get to. A uid that
// is not known yet (0) owns nothing there.
func checkPassable(dir string, uid int) error {
	for {
		var st unix.Stat_t
		if err := unix.Stat(dir, &st); err != nil {
			return glovebox.Errorf(glovebox.KindInvalid, "look at %s: %w", dir, err).On("--data")
		}
		if !mayPass(&st, uid) {
			return glovebox.Errorf(glovebox.KindDenied, "%s does not let control's user, who is not root, pass", dir).On("--data").
				Try("choose a folder elsewhere, such as %s, or run: chmod o+x %s (others may then pass, not list)", DefaultDir, dir)
		}
		if dir == "/" {
			return nil
		}
		dir = filepath.Dir(dir)
	}
}

// mayPass says whether a folder's mode lets a user, whose group has the same
// number, through. As in the kernel, the first class that fits decides.
func mayPass(st *unix.Stat_t, uid int) bool {
	switch {
	case uid != 0 && int(st.Uid) == uid:
		return st.Mode&0o100 != 0
	case uid != 0 && int(st.Gid) == uid:
		return st.Mode&0o010 != 0
	}
	return st.Mode&0o001 != 0
}

// folder makes path a real folder with this owner and mode. One that exists must
// already belong to uid or root: anything else was put there by somebody else.
// It works on an open descriptor, so that the path cannot change in between.
func folder(path string, uid int, mode fs.FileMode) error {
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return glovebox.Errorf(glovebox.KindInternal, "make a folder: %w", err)
	}
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR) {
		return glovebox.Errorf(glovebox.KindDenied, "%s is not a real folder", path).Try("move it away; glovebox makes its folders itself")
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "open %s: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "look at %s: %w", path, err)
	}
	if st.Uid != 0 && int(st.Uid) != uid {
		return glovebox.Errorf(glovebox.KindDenied, "%s belongs to uid %d, not to uid %d or root", path, st.Uid, uid).
			Try("choose another folder with --data, or move this one away")
	}
	if int(st.Uid) != uid || int(st.Gid) != uid {
		err = unix.Fchown(fd, uid, uid)
	}
	if err == nil && st.Mode&0o7777 != uint32(mode) {
		err = unix.Fchmod(fd, uint32(mode))
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "set owner and mode of %s: %w", path, err)
	}
	return nil
}

// givenFile makes path a real file with this owner and mode, empty if it is new.
// It lies in a folder of root's, so nobody else can have put it there.
func givenFile(path string, uid int, mode fs.FileMode) error {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, uint32(mode))
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "open %s: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
		return glovebox.Errorf(glovebox.KindDenied, "%s is not a real file", path).Try("move it away; glovebox makes it itself")
	}
	if err := errors.Join(unix.Fchown(fd, uid, uid), unix.Fchmod(fd, uint32(mode))); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "set owner and mode of %s: %w", path, err)
	}
	return nil
}

// handOver gives everything below dir that belongs to from to the uid to.
// What belongs to anybody else is left alone: a hard link to such a file may
// have been made there to be given away.
func handOver(dir string, from, to int) error {
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil || int(st.Uid) != from {
			return err
		}
		return unix.Fchownat(fd, "", to, to, unix.AT_EMPTY_PATH)
	})
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "give %s to its new uid: %w", dir, err)
	}
	return nil
}
