package instance

import (
	"os"
	"path/filepath"
)

// RemoveGroups takes the instance's control groups away if nothing is in them.
// Those of sandboxes that are left to the next start keep theirs.
func (i *Instance) RemoveGroups() {
	for _, pattern := range []string{"/sys/fs/cgroup/glovebox", "/sys/fs/cgroup/*/glovebox"} {
		found, _ := filepath.Glob(filepath.Join(pattern, i.ID)) // the pattern is sound
		for _, dir := range found {
			// Refused by the kernel unless they are empty, so that the parent
			// goes with the last instance.
			_ = os.Remove(dir)
			_ = os.Remove(filepath.Dir(dir))
		}
	}
}
