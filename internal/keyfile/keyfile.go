// Package keyfile keeps a few keys in a file that is its owner's alone.
package keyfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

const maxBytes = 1 << 20

// Read reads a file that nobody else may read. fs.ErrNotExist if it is not
// there; another error for what is no file, or has a mode that lets others in.
func Read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0) {
		err = errors.New("it is not a file of mode 0600")
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(f, maxBytes))
}

// Replace puts a file of mode 0600 in the place of another, or of none: at once
// and durably, so that after any break there is the one or the other.
func Replace(path, text string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // of mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = io.WriteString(f, text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
