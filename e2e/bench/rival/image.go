// Package rival runs jobs by the programs that others use: runc, crun, runsc,
// bubblewrap, containerd's ctr. All get the same root file system and, where
// they have such things, the limits that a job of ours has by default.
package rival

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"glovebox/e2e/fixture"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Image is a root file system, as an image and unpacked, and the job in it.
type Image struct {
	Name    string // "busybox"
	Ref     string // what it is called in an image store
	Archive string // OCI archive
	Rootfs  string // folder
	Made    v1.Image

	Args []string
	Path string // the variable PATH
	Want string // what the job prints
}

// NewImage puts a tree into dir as img.Archive and img.Rootfs, and returns img
// with these.
func NewImage(dir string, tree fixture.Tree, img Image) (Image, error) {
	img.Ref = "glovebox.test/" + img.Name + ":bench"
	img.Archive, img.Rootfs = filepath.Join(dir, img.Name+".tar"), filepath.Join(dir, img.Name)
	var err error
	if img.Made, err = fixture.Image(tree, v1.Config{Env: []string{"PATH=" + img.Path}}); err != nil {
		return img, err
	}
	if err := fixture.WriteArchive(img.Archive, img.Ref, img.Made); err != nil {
		return img, err
	}
	raw, err := tree.Tar()
	if err != nil {
		return img, err
	}
	layer := filepath.Join(dir, img.Name+".layer")
	defer os.Remove(layer)
	if err := os.WriteFile(layer, raw, 0o600); err != nil {
		return img, err
	}
	if err := os.Mkdir(img.Rootfs, 0o755); err != nil {
		return img, err
	}
	if out, err := exec.Command("tar", "-C", img.Rootfs, "-xf", layer).CombinedOutput(); err != nil {
		return img, fmt.Errorf("unpack %s: %w: %s", img.Name, err, out)
	}
	return img, nil
}
