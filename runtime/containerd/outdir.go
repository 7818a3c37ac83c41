package containerd

import (
	"errors"
	"io/fs"
	"os"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
	"glovebox/runtime/containerd/internal/ocispec"
)

// outDir is glovebox.OutDir in a root file system.
const outDir = "out"

// makeOut makes the folder for what a job of runc leaves, its user's. An image
// that has something there must know the use of it, and keeps it. The shim does
// the same for gVisor.
func makeOut(dir string, user imageroot.User) error {
	// The image is hostile: no link of it may be followed.
	root, err := os.OpenRoot(dir)
	if err != nil {
		return glovebox.Errorf(glovebox.KindStart, "open the root file system: %w", err)
	}
	defer root.Close()
	if _, err = root.Lstat(outDir); errors.Is(err, fs.ErrNotExist) {
		err = errors.Join(root.Mkdir(outDir, 0o755), root.Chmod(outDir, 0o755),
			root.Lchown(outDir, ocispec.IDBase+int(user.UID), ocispec.IDBase+int(user.GID)))
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindStart, "make /%s: %w", outDir, err)
	}
	return nil
}
