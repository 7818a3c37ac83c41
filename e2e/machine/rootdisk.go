package machine

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"glovebox/e2e/fixture"
)

// Folders of the machine.
const (
	Tools = "/opt/glovebox"     // what `make build` left in bin/
	Data  = "/var/lib/glovebox" // an empty folder, to mount a disk at
	Files = "/files"            // what the test gave to Open
)

// programs are those of bin/ that the service needs.
var programs = []string{
	"glovebox", "containerd", "containerd-shim-glovebox-v1", "containerd-shim-runc-v2", "glovebox-boot", "glovebox-launch", "runsc",
}

// rootTree says where each file of the root disk comes from.
func rootTree(guest, bin string, files map[string]string) (map[string]string, error) {
	tree := map[string]string{"sbin/guest": guest, "bin/busybox": fixture.BusyboxPath}
	for _, p := range programs {
		tree[filepath.Join(Tools, p)] = filepath.Join(bin, p)
	}
	for name, from := range files {
		tree[filepath.Join(Files, name)] = from
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return tree, nil // it is optional
	}
	tree["usr/bin/runc"] = runc
	out, err := exec.Command("ldd", runc).Output()
	if err != nil {
		return tree, nil // it is static
	}
	for field := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(field, "/") {
			tree[field] = field
		}
	}
	return tree, nil
}

// stamp changes when a file of the tree does.
func stamp(tree map[string]string) (string, error) {
	var lines []string
	for name, from := range tree {
		st, err := os.Stat(from)
		if err != nil {
			return "", err
		}
		lines = append(lines, fmt.Sprintln(name, from, st.Size(), st.ModTime().UnixNano()))
	}
	slices.Sort(lines)
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, ""))))[:16], nil
}

// makeRootDisk puts the tree onto a disk at path, by way of a folder beside it.
func makeRootDisk(path string, tree map[string]string) error {
	stage := path + ".tree"
	if err := os.RemoveAll(stage); err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	for _, dir := range []string{"bin", "dev", "etc", "proc", "root", "run", "sys", "tmp", "var/lib/glovebox", Files} {
		if err := os.MkdirAll(filepath.Join(stage, dir), 0o755); err != nil {
			return err
		}
	}
	for name, from := range tree {
		if err := place(from, filepath.Join(stage, name)); err != nil {
			return err
		}
	}
	applets, err := exec.Command(fixture.BusyboxPath, "--list").Output()
	if err != nil {
		return fmt.Errorf("busybox --list: %w", err)
	}
	for a := range strings.FieldsSeq(string(applets)) {
		if err := os.Symlink("busybox", filepath.Join(stage, "bin", a)); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	passwd := "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n"
	if err := os.WriteFile(filepath.Join(stage, "etc/passwd"), []byte(passwd), 0o644); err != nil {
		return err
	}
	return MakeDisk(path, 1<<30, stage)
}

// place copies a file with its mode; links are followed.
func place(from, to string) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	st, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, st.Mode().Perm())
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// MakeDisk makes a sparse file of size bytes with an ext4 file system as a
// default mkfs makes it, and the content of the folder from if one is named.
func MakeDisk(path string, size int64, from string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		return err
	}
	args := []string{"-q", "-F"}
	if from != "" {
		args = append(args, "-d", from)
	}
	if out, err := exec.Command("mkfs.ext4", append(args, path)...).CombinedOutput(); err != nil {
		return fmt.Errorf("mkfs.ext4: %w: %s", err, out)
	}
	return nil
}
