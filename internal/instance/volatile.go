package instance

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Bounds of what is kept in memory; a sandbox takes about 40 KB and 20 files.
const volatileOptions = "size=1g,nr_inodes=1m"

// MountVolatile mounts memory where things are kept that mean nothing without
// the processes they belong to: the shim's state, the network namespaces, the
// given folder, of containerd, and more with an entry for each sandbox. A job makes and removes dozens of files there, and a disk's file
// system becomes slow at that: ext4 looks at every inode that was removed of
// late before it makes one. It is part of Unmount to take them away. The result
// says whether anything was mounted: what is mounted already stays, and so does
// a folder in which something is left on the disk that may still run.
func (i *Instance) MountVolatile(containerdState string, more ...string) (mounted bool, err error) {
	type place struct {
		path, inUse string
		mode        os.FileMode
	}
	places := []place{
		{i.ShimRoot(), "s/*", 0o700},
		// Runc passes through it as a user of the job's own namespace.
		{containerdState, "io.containerd.runtime.v2.task/*/*", 0o711},
		{i.Network(), "*", 0o700},
	}
	for _, path := range more {
		places = append(places, place{path, "*", 0o711})
	}
	for _, d := range places {
		if err := folder(d.path, 0, d.mode); err != nil {
			return mounted, err
		}
		if left, _ := filepath.Glob(filepath.Join(d.path, d.inUse)); len(left) > 0 || isMount(d.path) {
			continue
		}
		options := fmt.Sprintf("mode=%o,%s", d.mode, volatileOptions)
		if err := unix.Mount("glovebox", d.path, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
			return mounted, glovebox.Errorf(glovebox.KindInternal, "mount memory at %s: %w", d.path, err)
		}
		mounted = true
	}
	return mounted, nil
}

// isMount says whether something is mounted right at dir.
func isMount(dir string) bool {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for _, point := range mountsBelow(string(b), filepath.Dir(dir)) {
		if point == dir {
			return true
		}
	}
	return false
}
