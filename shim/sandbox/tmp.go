package sandbox

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

const (
	tmpPath = "/tmp"
	tmpMode = 0o1777

	// noMount is a type of mount gVisor does not know. It leaves such a mount
	// out, but takes it for a decision about its destination.
	noMount = "glovebox-none"
)

// keepTmpOnDisk makes /tmp part of the scratch layer. gVisor puts a tmpfs of
// its own over an empty or missing /tmp; that is memory, so that filling it
// would end the job for the wrong reason. It does not if the specification
// mounts something there, so we name a mount that comes to nothing.
//
// A specification that has its own idea of /tmp is left alone. What the layer
// must begin with, because the image has no proper /tmp, is returned.
func keepTmpOnDisk(spec *specs.Spec) ([]entry, error) {
	for _, m := range spec.Mounts {
		if path.Clean(m.Destination) == tmpPath {
			return nil, nil
		}
	}
	spec.Mounts = append(spec.Mounts, specs.Mount{Destination: tmpPath, Type: noMount, Source: noMount})
	proper, err := hasProperTmp(spec.Root.Path)
	if err != nil || proper {
		return nil, err
	}
	return []entry{folder("."+tmpPath+"/", tmpMode)}, nil
}

// hasProperTmp says whether the image's own /tmp will do: it is a directory
// for everybody, or holds something, or is a link or a file that the image
// must know the use of.
func hasProperTmp(root string) (bool, error) {
	// The image is hostile: no link of it may be followed.
	fd, err := unix.Open(filepath.Join(root, tmpPath), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look at the image's %s: %w", tmpPath, err)
	}
	dir := os.NewFile(uintptr(fd), tmpPath)
	defer dir.Close()
	st, err := dir.Stat()
	if err != nil {
		return false, fmt.Errorf("look at the image's %s: %w", tmpPath, err)
	}
	if st.Mode()&(fs.ModePerm|fs.ModeSticky) == fs.ModePerm|fs.ModeSticky {
		return true, nil
	}
	_, err = dir.Readdirnames(1)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	return err == nil, err
}
