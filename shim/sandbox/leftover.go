package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"glovebox/shim/cgroup"
	"glovebox/shim/dead"
)

// killPatience bounds the wait for killed processes to disappear.
const killPatience = 5 * time.Second

// removeLeftover removes what a sandbox's state directory describes and then
// the directory. Every step takes "already gone" for done, and a failed one
// keeps the directory, so that the next attempt knows what to look for.
func removeLeftover(dir string) error {
	r, err := readRecord(dir)
	if err != nil {
		return fmt.Errorf("sandbox record in %s: %w", dir, err)
	}
	if r.Cgroup != "" {
		g, err := cgroup.Open(r.Cgroup)
		if err != nil {
			return err
		}
		if err := g.Delete(killPatience); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// Cleanup removes what may be left of one sandbox. It reports whether there
// was anything.
func Cleanup(root, namespace, id string) (bool, error) {
	dir := StateDir(root, namespace, id)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	return true, removeLeftover(dir)
}

// CleanupAll removes everything an earlier shim has left under root. The
// caller holds the lock on root, so nothing there is in use.
func CleanupAll(root string) (int, error) {
	dirs, err := filepath.Glob(filepath.Join(root, "s", "*"))
	if err != nil {
		return 0, err
	}
	var errs []error
	for _, dir := range dirs {
		errs = append(errs, removeLeftover(dir))
	}
	return len(dirs), errors.Join(errs...)
}

// Cleanup removes what may be left of a sandbox this host does not have.
func (h *Host) Cleanup(namespace, id string) (bool, error) { return Cleanup(h.root, namespace, id) }

// RootFile, in the bundle, names the root directory of the shim that has the
// sandbox, for a process that knows only the bundle.
const RootFile = dead.RootFile

// CleanupDead is Cleanup from outside of the shim. While a shim works in root
// it leaves everything alone: that shim knows better.
func CleanupDead(root, namespace, id string) error {
	lock, err := lockRoot(root, unix.LOCK_SH, 0)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer lock.Close()
	_, err = Cleanup(root, namespace, id)
	return err
}
