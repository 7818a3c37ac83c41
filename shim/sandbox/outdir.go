package sandbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"glovebox/shim/warden"
)

// outFolder is the folder for what a job leaves, its user's. An image that has
// something there must know the use of it, and keeps it.
func outFolder(spec *specs.Spec) ([]entry, error) {
	// The image is hostile: it is not followed if it is a link.
	_, err := os.Lstat(filepath.Join(spec.Root.Path, warden.OutDir))
	if err == nil {
		return nil, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("look at the image's %s: %w", warden.OutDir, err)
	}
	out := folder("."+warden.OutDir+"/", 0o755)
	out.Uid, out.Gid = int(spec.Process.User.UID), int(spec.Process.User.GID)
	return []entry{out}, nil
}
