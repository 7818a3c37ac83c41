package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/internal/backup"
)

// archive is a file that gets its name when it is complete.
type archive struct {
	file    *os.File
	path    string // "-": the file is stdout
	tmp     string // "" once there is nothing to remove
	written int64
}

// newArchive makes the file that the backup is written to, in the folder where it
// will have its name.
func (a *app) newArchive(out string, about backup.About) (*archive, error) {
	if out == "-" {
		if isTerminal(a.stdout) {
			return nil, glovebox.Errorf(glovebox.KindUsage, "a backup is not written to a terminal").Try("give -o FILE, or redirect stdout")
		}
		return &archive{file: a.stdout, path: "-"}, nil
	}
	if st, err := os.Stat(out); err == nil && st.IsDir() {
		out = filepath.Join(out, "glovebox-"+about.Instance+"-"+about.Taken.UTC().Format("20060102T150405Z")+".backup")
	}
	if _, err := os.Lstat(out); err == nil {
		return nil, overwrites(out)
	}
	f, err := os.CreateTemp(filepath.Dir(out), ".glovebox-backup-*") // of mode 0600
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "create the backup: %w", err).On("--output").Try("name a file in a folder that exists and can be written")
	}
	return &archive{file: f, path: out, tmp: f.Name()}, nil
}

func overwrites(out string) error {
	return glovebox.Errorf(glovebox.KindConflict, "%s exists", out).On("--output").Try("name another file; a backup replaces nothing")
}

// finish makes the file durable and gives it its name.
func (a *archive) finish() error {
	if a.path == "-" {
		return nil
	}
	if err := errors.Join(a.file.Sync(), a.file.Close()); err != nil {
		return err
	}
	err := unix.Renameat2(unix.AT_FDCWD, a.tmp, unix.AT_FDCWD, a.path, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) { // a file system that cannot do it
		if err = os.Link(a.tmp, a.path); err == nil {
			err = os.Remove(a.tmp)
		}
	}
	if errors.Is(err, unix.EEXIST) {
		return overwrites(a.path)
	}
	if err != nil {
		return err
	}
	a.tmp = ""
	d, err := os.Open(filepath.Dir(a.path))
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// abort removes what is not complete. It is for a defer.
func (a *archive) abort() {
	if a.tmp != "" {
		_ = a.file.Close()
		_ = os.Remove(a.tmp)
	}
}

// blame gives an error of writing its kind.
func (a *archive) blame(err error) error {
	if _, known := errors.AsType[*glovebox.Error](err); known || isBrokenPipe(err) {
		return err
	}
	e := glovebox.Errorf(glovebox.KindUnavailable, "write the backup: %w", err).On("--output")
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return e.Try("free some space there, or name another folder")
	}
	return e
}

// countedWriter counts what was written.
type countedWriter struct {
	io.Writer
	n *int64
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	*c.n += int64(n)
	return n, err
}
