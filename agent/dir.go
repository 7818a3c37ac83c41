package agent

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"glovebox"
)

const dirSandboxes = "sandboxes"

// takeDir makes the agent's folder and locks it against a second agent; the
// kernel drops the lock with the process, however it ends.
func takeDir(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Join(dir, dirSandboxes), 0o700); err != nil {
		return nil, onDisk("make the agent's folder", err)
	}
	if err := makeKept(dir); err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, onDisk("close the agent's folder to others", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, onDisk("open the agent's lock", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, glovebox.Errorf(glovebox.KindInUse, "another agent uses %s", dir).Try("stop it, or give this one another folder")
	}
	return func() { f.Close() }, nil
}

// VolatileIn is the folder under Config.Dir with a folder for each sandbox, which
// can be in memory: nothing in it has to outlive the kernel it was made on.
func VolatileIn(dir string) string { return filepath.Join(dir, dirSandboxes) }

func (a *Agent) folder(id string) folder {
	return folder{filepath.Join(a.cfg.Dir, dirSandboxes, id)}
}
