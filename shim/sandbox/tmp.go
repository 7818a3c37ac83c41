package sandbox

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/runsc/specutils"
)

const (
	tmpPath = "/tmp"
	tmpMode = 0o1777

	// noMount is a type of mount gVisor does not know. It leaves such a mount
	// out, but takes it for a decision about its destination.
	noMount = "glovebox-none"

	// tmpLayer, in the shim's root, is what a scratch layer begins with when
	// the image has no proper /tmp.
	tmpLayer = "tmp.tar"
)

// keepTmpOnDisk makes /tmp part of the scratch layer. gVisor puts a tmpfs of
// its own over an empty or missing /tmp; that is memory, so that filling it
// would end the job for the wrong reason. It does not if the specification
// mounts something there, so we name a mount that comes to nothing.
//
// A specification that has its own idea of /tmp is left alone, and so is one
// without a writable root, which has no layer for /tmp to be in.
func (s *Sandbox) keepTmpOnDisk() error {
	if s.spec.Root.Readonly {
		return nil
	}
	for _, m := range s.spec.Mounts {
		if path.Clean(m.Destination) == tmpPath {
			return nil
		}
	}
	s.spec.Mounts = append(s.spec.Mounts, specs.Mount{Destination: tmpPath, Type: noMount, Source: noMount})
	proper, err := hasProperTmp(s.spec.Root.Path)
	if err != nil || proper {
		return err
	}
	if s.spec.Annotations == nil {
		s.spec.Annotations = map[string]string{}
	}
	s.spec.Annotations[specutils.AnnotationRootfsUpperTar] = filepath.Join(s.host.root, tmpLayer)
	s.conf.AllowRootfsTarAnnotation = true
	return nil
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

// writeTmpLayer makes the file tmpLayer.
func writeTmpLayer(root string) error {
	f, err := os.OpenFile(filepath.Join(root, tmpLayer), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	w := tar.NewWriter(f)
	for _, h := range []tar.Header{
		// gVisor wants the root named, and then sets it to the image's.
		{Name: "./", Typeflag: tar.TypeDir, Mode: 0o755, ModTime: time.Now()},
		{Name: "." + tmpPath + "/", Typeflag: tar.TypeDir, Mode: tmpMode, ModTime: time.Now()},
	} {
		if err := w.WriteHeader(&h); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Close(), f.Close())
}

// writeSpec puts the specification where gofer and sentry read it: it is not
// the bundle's any more.
func (s *Sandbox) writeSpec() error {
	data, err := json.Marshal(s.spec)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "config.json"), data, 0o600)
}
