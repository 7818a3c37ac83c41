package instance

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Unmount takes away everything that is mounted below the folder, so that it can
// be removed, or moved, while no service runs. It is for the end of a service:
// the processes that used the mounts must be gone.
func (i *Instance) Unmount() error {
	b, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "list mounts: %w", err)
	}
	var failed []error
	for _, point := range mountsBelow(string(b), i.Dir) {
		if err := unix.Unmount(point, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && err != unix.EINVAL {
			failed = append(failed, glovebox.Errorf(glovebox.KindInternal, "unmount %s: %w", point, err))
		}
	}
	return errors.Join(failed...)
}

// mountsBelow lists the mounts below dir, the last made first.
func mountsBelow(mountinfo, dir string) []string {
	var points []string
	for line := range strings.Lines(mountinfo) {
		if f := strings.Fields(line); len(f) > 4 {
			if point := unescape(f[4]); strings.HasPrefix(point, dir+"/") {
				points = append(points, point)
			}
		}
	}
	slices.Reverse(points)
	return points
}

// unescape undoes the kernel's \040 for a space and its like.
func unescape(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		if s[0] == '\\' && len(s) >= 4 {
			if c, err := strconv.ParseUint(s[1:4], 8, 8); err == nil {
				out.WriteByte(byte(c))
				s = s[4:]
				continue
			}
		}
		out.WriteByte(s[0])
		s = s[1:]
	}
	return out.String()
}
