package instance

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// RemoveGroups takes the instance's control groups away if nothing is in them,
// also those of sandboxes that were being made when the service was told to
// stop. Sandboxes that are left to the next start keep theirs.
func (i *Instance) RemoveGroups() {
	for _, pattern := range []string{"/sys/fs/cgroup/glovebox", "/sys/fs/cgroup/*/glovebox"} {
		found, _ := filepath.Glob(filepath.Join(pattern, i.ID)) // the pattern is sound
		for _, dir := range found {
			// Refused by the kernel unless they are empty, so that the parent
			// goes with the last instance.
			below, _ := filepath.Glob(filepath.Join(dir, "*"))
			for _, group := range below { // files of the kernel's among them
				_ = unix.Rmdir(group)
			}
			_ = os.Remove(dir)
			_ = os.Remove(filepath.Dir(dir))
		}
	}
}
