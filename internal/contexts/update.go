package contexts

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

const (
	dirMode  = 0o700
	fileMode = 0o600

	// lockTime is how long to wait for others who write, each for a moment.
	lockTime = 10 * time.Second
)

// Update changes the contexts by change, which sees what is there at that
// moment; if it returns an error, nothing is written. The file is replaced
// whole, so a reader sees the old or the new, and of writers at one time each
// sees what the one before wrote.
func Update(path string, change func(*Contexts) error) error {
	dir := filepath.Dir(path)
	if err := prepare(dir); err != nil {
		return err
	}
	lock, err := acquire(path + ".lock")
	if err != nil {
		return err
	}
	defer lock.Close()
	c, err := Load(path)
	if err != nil {
		return err
	}
	if err := change(&c); err != nil {
		return err
	}
	if c.All == nil {
		c.All = []Context{}
	}
	b, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		err = replace(dir, path, append(b, '\n'))
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "write the contexts: %w", err)
	}
	return nil
}

// prepare makes the folder, or refuses one where others could put another file
// in place of ours.
func prepare(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "make %s: %w", filepath.Dir(dir), err).Try("set %s to a file elsewhere", EnvFile)
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return glovebox.Errorf(glovebox.KindInvalid, "make %s: %w", dir, err).Try("set %s to a file elsewhere", EnvFile)
	}
	st, err := os.Stat(dir)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "look at %s: %w", dir, err)
	}
	if st.Mode().Perm()&0o022 != 0 {
		e := glovebox.Errorf(glovebox.KindDenied, "others can change %s, where private keys would be", dir)
		if st.Mode()&os.ModeSticky != 0 { // such as /tmp, which is meant to be so
			return e.Try("set %s to a file in a folder of your own", EnvFile)
		}
		return e.Try("run: chmod go-w %s", dir)
	}
	return nil
}

// acquire waits for the lock. It is a file beside, for the file itself is
// replaced; it stays, for removing it would let two in.
func acquire(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, fileMode)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "open the lock of the contexts: %w", err)
	}
	for end := time.Now().Add(lockTime); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || time.Now().After(end) {
			f.Close()
			return nil, glovebox.Errorf(glovebox.KindUnavailable, "lock %s: %w", path, err).Try("is another glovebox stuck?")
		}
	}
}

// replace puts a new file in place of the old one, and both it and its name on
// the disk. One of several names that are left of a crash is nobody's.
func replace(dir, path string, b []byte) (err error) {
	f, err := os.CreateTemp(dir, ".contexts-*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		f.Close()
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if err := f.Chmod(fileMode); err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
