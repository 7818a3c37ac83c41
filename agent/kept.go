package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// dirKept is the part of the agent's folder that is on the disk even where the
// sandboxes' folders are in memory: the markers of started commands, which must
// outlive a power cut, and spools, which may be large. A name is that of the
// sandbox, a dot, and that of the file.
const dirKept = "kept"

// spooled are the spools of a sandbox. In its folder there are links to them.
var spooled = []string{fifoStdout + spoolSuffix, fifoStderr + spoolSuffix, fileEvents + spoolSuffix}

// markerFile is what all markers are links to: making a name is all that one
// costs, and it does not depend on a file being written.
const markerFile = ".marker"

// makeKept makes the folder and the file that markers are links to, for good.
func makeKept(dir string) error {
	dir = filepath.Join(dir, dirKept)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return onDisk("make the folder of markers", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, markerFile), os.O_CREATE|os.O_RDONLY, 0o600)
	if err != nil {
		return onDisk("make the file of markers", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return onDisk("sync the file of markers", err)
	}
	return errors.Join(syncFolder(dir), syncFolder(filepath.Dir(dir)))
}

// keptIDs are the sandboxes of which something is kept, each maybe repeatedly.
func keptIDs(dir string) (ids []string) {
	entries, _ := os.ReadDir(filepath.Join(dir, dirKept))
	for _, e := range entries {
		id, _, _ := strings.Cut(e.Name(), ".")
		ids = append(ids, id)
	}
	return ids
}

func (f folder) keptDir() string { return filepath.Join(filepath.Dir(filepath.Dir(f.path)), dirKept) }

func (f folder) kept(name string) string {
	return filepath.Join(f.keptDir(), filepath.Base(f.path)+"."+name)
}

// open makes the folder, with what leads to the spools.
func (f folder) open() error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return onDisk("make the sandbox's folder", err)
	}
	for _, name := range spooled {
		// An earlier version has the spool itself there.
		if err := os.Symlink(f.kept(name), f.file(name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return onDisk("link the spool "+name, err)
		}
	}
	return nil
}

// mark sets the marker for good.
func (f folder) mark() error {
	err := os.Link(filepath.Join(f.keptDir(), markerFile), f.kept(fileStarted))
	if errors.Is(err, unix.EMLINK) {
		err = os.WriteFile(f.kept(fileStarted), nil, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return onDisk("set the marker", err)
	}
	return syncFolder(f.keptDir())
}

// marked says whether the marker is set, or cannot be looked for.
func (f folder) marked() bool {
	_, err := os.Lstat(f.kept(fileStarted))
	return !errors.Is(err, fs.ErrNotExist)
}

// drop removes what is kept, the marker last.
func (f folder) drop() error {
	if err := f.dropArtifacts(); err != nil {
		return err
	}
	for _, name := range append(spooled[:len(spooled):len(spooled)], fileStarted) {
		if err := os.Remove(f.kept(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return onDisk("remove what is kept of the sandbox", err)
		}
	}
	return nil
}
