// Package folder keeps blobs as plain files in a folder. It is the Blobs of a
// single machine.
//
//	<dir>/lock          held while a process has the folder open
//	<dir>/tmp/          what Put is writing; emptied by Open
//	<dir>/objects/…     one file per object, named by its key (see name.go)
//
// An open object is a writable file and a sealed one is read-only: the mode is
// the mark, so an object has one name for all its life and a listing that runs
// while it is sealed cannot miss it. An open object's size is that of its file;
// after the process was killed everything appended is still there, after a power
// cut perhaps not all of it. A sealed object was synced, and so were the folders
// that lead to it.
package folder

import (
	"container/list"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"glovebox"
)

// maxHandles is how many open objects keep a file handle between appends.
const maxHandles = 256

const (
	objectsDir = "objects"
	tmpDir     = "tmp"
	lockFile   = "lock"
)

// Blobs is a glovebox.Blobs in a folder. Use Open.
type Blobs struct {
	root *os.Root
	lock *os.File

	// dirs is held shared while a file is put into a folder and exclusively
	// while empty folders are removed, so that none vanishes in between.
	dirs sync.RWMutex

	mu      sync.Mutex
	objects map[string]*object // those in use, and those with a handle
	idle    *list.List         // of *object: with a handle and not in use, the latest first

	// fault, if set, is asked before every fallible step, by its name.
	fault func(step string) error
}

// Open returns the blobs in dir, which is made if it is not there. Only one
// process can have it open: KindInUse. It removes what unfinished calls of Put
// left behind.
func Open(dir string) (*Blobs, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, diskError("make folder "+dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, diskError("open folder "+dir, err)
	}
	b := &Blobs{root: root, objects: map[string]*object{}, idle: list.New()}
	if err := b.prepare(dir); err != nil {
		_ = b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Blobs) prepare(dir string) error {
	lock, err := b.root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return diskError("open lock in "+dir, err)
	}
	b.lock = lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return glovebox.Errorf(glovebox.KindInUse, "blob folder %s is open in another process: %w", dir, err).
			Try("stop the other one, or choose another folder")
	}
	if err := b.root.RemoveAll(tmpDir); err != nil {
		return diskError("clear temporary files in "+dir, err)
	}
	for _, d := range []string{tmpDir, objectsDir} {
		if err := b.root.Mkdir(d, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return diskError("make "+filepath.Join(dir, d), err)
		}
	}
	return b.syncDir(".")
}

// Close lets go of the folder. No call may be under way.
func (b *Blobs) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, o := range b.objects {
		o.close()
	}
	clear(b.objects)
	b.idle.Init()
	if b.lock != nil {
		_ = b.lock.Close()
	}
	return b.root.Close()
}

// step runs one fallible step, or fails it if a test asked for that.
func (b *Blobs) step(name string, f func() error) error {
	if b.fault != nil {
		if err := b.fault(name); err != nil {
			return err
		}
	}
	return f()
}
