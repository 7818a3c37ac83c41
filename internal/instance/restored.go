package instance

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"glovebox"
)

// dirRestoring is where an instance is put together before it counts as one.
const dirRestoring = ".restoring"

// Restored makes an instance out of what fill puts into its places. It gets a new
// id: what the old one left on a machine is not its own. Until everything is there
// and durable the folder holds no instance, and no `up` takes it for one; on an
// error it is as it was before. The folder must be empty or absent.
//
// fill is given the instance at a place that is not the final one. What it has
// written into control's folder it gives to control's user by HandOver.
//
// KindConflict if the folder holds something; otherwise as Open.
func Restored(l Layout, h Host, version string, fill func(*Instance) error) (err error) {
	if os.Geteuid() != 0 {
		return glovebox.Errorf(glovebox.KindDenied, "only root can make an instance").Try("run it with sudo")
	}
	if err := checkEmpty(l.Dir); err != nil {
		return err
	}
	_, before := os.Lstat(l.Dir)
	if err := os.RemoveAll(filepath.Join(l.Dir, dirRestoring)); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "remove what a restore that was killed has left: %w", err)
	}
	if l, err = prepareDir(l); err != nil {
		return err
	}
	stage := Layout{Dir: filepath.Join(l.Dir, dirRestoring)}
	defer func() {
		if err == nil {
			return
		}
		_ = os.RemoveAll(stage.Dir) // the first error is the one to tell
		if errors.Is(before, fs.ErrNotExist) {
			_ = os.Remove(l.Dir)
		}
	}()
	if err := stageIn(stage, h, version, fill); err != nil {
		return err
	}
	return settle(stage.Dir, l.Dir)
}

// checkEmpty allows what a new file system has, and what a restore that was
// killed has left.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "look at %s: %w", dir, err).On("--data")
	}
	for _, e := range entries {
		if e.IsDir() && (e.Name() == "lost+found" || e.Name() == dirRestoring) {
			continue
		}
		return glovebox.Errorf(glovebox.KindConflict, "%s is not empty: it has %s", dir, e.Name()).On("--data").
			Try("name a new or empty folder; a backup is never restored over something")
	}
	return nil
}

func stageIn(stage Layout, h Host, version string, fill func(*Instance) error) error {
	if err := folder(stage.Dir, 0, 0o755); err != nil {
		return err
	}
	i := &Instance{Layout: stage}
	defer i.Close()
	var err error
	if i.lock, err = lock(stage); err != nil {
		return err
	}
	if err := i.prepare(h, version); err != nil {
		return err
	}
	return fill(i)
}

// HandOver gives all in control's folder that is root's to control's user.
func (i *Instance) HandOver() error { return handOver(i.Control(), 0, i.ControlUID) }

// settle moves an instance into its place, the record last: what has none is not
// an instance.
func settle(from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "list what was restored: %w", err)
	}
	record := filepath.Base(Layout{}.Record())
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == record })
	steps := []func() error{func() error { return syncAll(to) }}
	for _, e := range entries {
		steps = append(steps, func() error { return os.Rename(filepath.Join(from, e.Name()), filepath.Join(to, e.Name())) })
	}
	steps = append(steps,
		func() error { return syncDir(to) },
		func() error { return os.Rename(filepath.Join(from, record), filepath.Join(to, record)) },
		func() error { return os.Remove(from) },
		func() error { return syncDir(to) })
	for n, step := range steps {
		if err := step(); err != nil {
			for _, e := range entries[:max(0, min(n-1, len(entries)))] {
				_ = os.RemoveAll(filepath.Join(to, e.Name()))
			}
			return glovebox.Errorf(glovebox.KindUnavailable, "move what was restored to its place: %w", err)
		}
	}
	return nil
}

// syncAll makes the whole file system durable.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return unix.Syncfs(int(d.Fd()))
}
