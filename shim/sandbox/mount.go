package sandbox

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/containerd/containerd/api/types"
	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"
)

// mountFlags are the options that are flags to mount(2); all others are data.
var mountFlags = map[string]uintptr{
	"ro": unix.MS_RDONLY, "nodev": unix.MS_NODEV, "nosuid": unix.MS_NOSUID,
	"noexec": unix.MS_NOEXEC, "bind": unix.MS_BIND, "rbind": unix.MS_BIND | unix.MS_REC,
}

// mountRootfs mounts what containerd's snapshotter describes, one over the
// other, at target.
//
// containerd's own mount package is not used: for long option lists it makes a
// goroutine that ends with its thread locked, which ends the thread; and a
// sandbox dies when the thread that forked it does.
func mountRootfs(mounts []*types.Mount, target string) error {
	if len(mounts) == 0 {
		return nil
	}
	if err := os.Mkdir(target, 0o711); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	for _, m := range mounts {
		if err := mountOne(m, target); err != nil {
			return errors.Join(err, unmountRootfs(target))
		}
	}
	return nil
}

func mountOne(m *types.Mount, target string) error {
	var flags uintptr
	var data []string
	for _, o := range m.Options {
		if f, ok := mountFlags[o]; ok {
			flags |= f
		} else if !slices.Contains([]string{"rw", "defaults"}, o) {
			data = append(data, o)
		}
	}
	options := strings.Join(data, ",")
	if len(options) >= os.Getpagesize() {
		return fmt.Errorf("mount options of %d bytes are longer than a page: %w", len(options), errdefs.ErrInvalidArgument)
	}
	if err := unix.Mount(m.Source, target, m.Type, flags, options); err != nil {
		return fmt.Errorf("mount %s %s at %s: %w", m.Type, m.Source, target, err)
	}
	if flags&unix.MS_BIND != 0 && flags&unix.MS_RDONLY != 0 {
		// A bind mount takes its flags only when mounted again.
		if err := unix.Mount("", target, "", flags|unix.MS_REMOUNT, ""); err != nil {
			return fmt.Errorf("remount %s read-only: %w", target, err)
		}
	}
	return nil
}

// unmountRootfs takes everything off target; nothing there is fine.
func unmountRootfs(target string) error {
	for {
		switch err := unix.Unmount(target, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err {
		case nil:
		case unix.EINVAL, unix.ENOENT: // not a mount point (any more)
			return nil
		default:
			return fmt.Errorf("unmount %s: %w", target, err)
		}
	}
}
