package machine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"glovebox/e2e/fixture"
)

// Kit is what every boot needs, made once: kernel, initramfs and root disk.
type Kit struct {
	kernel, initramfs, root string
}

// Config says what a kit is made of.
type Config struct {
	Cache    string            // folder to keep it in
	Bin      string            // folder of `make build`
	Files    map[string]string // name under Files in the machine → file here
	Progress func(format string, args ...any)
}

// emulator is the program that is the machine.
const emulator = "qemu-system-x86_64"

// Lacking says why no machine can be made here, or nothing.
func Lacking() string {
	for _, name := range []string{emulator, "mkfs.ext4", "apt-get", "dpkg-deb", fixture.BusyboxPath} {
		if _, err := exec.LookPath(name); err != nil {
			return name + " is missing (run: make setup)"
		}
	}
	return ""
}

// Open returns a kit, from the cache where that is still right.
func Open(c Config) (*Kit, error) {
	if err := os.MkdirAll(c.Cache, 0o755); err != nil {
		return nil, err
	}
	k, err := findKernel(filepath.Join(c.Cache, "kernel"), c.Progress)
	if err != nil {
		return nil, err
	}
	guest := filepath.Join(c.Cache, "guest")
	build := exec.Command("go", "build", "-trimpath", "-o", guest, "glovebox/e2e/cmd/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the guest program: %w: %s", err, out)
	}
	modules, err := k.resolve()
	if err != nil {
		return nil, err
	}
	kit := &Kit{kernel: k.image, initramfs: filepath.Join(c.Cache, "initramfs"), root: filepath.Join(c.Cache, "root.img")}
	if err := writeInitramfs(kit.initramfs, guest, modules); err != nil {
		return nil, err
	}
	return kit, kit.refreshRoot(c, guest)
}

// refreshRoot makes the root disk if it is not there or not of these files.
func (k *Kit) refreshRoot(c Config, guest string) error {
	tree, err := rootTree(guest, c.Bin, c.Files)
	if err != nil {
		return err
	}
	now, err := stamp(tree)
	if err != nil {
		return err
	}
	mark := k.root + ".stamp"
	if was, err := os.ReadFile(mark); err == nil && string(was) == now {
		return nil
	}
	c.Progress("making the root disk of the virtual machine")
	if err := os.RemoveAll(mark); err != nil {
		return err
	}
	fresh := k.root + ".new" // a machine may still run on the old one
	if err := makeRootDisk(fresh, tree); err != nil {
		return fmt.Errorf("make the root disk: %w", err)
	}
	if err := os.Rename(fresh, k.root); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(now), 0o644)
}
