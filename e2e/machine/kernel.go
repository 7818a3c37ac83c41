package machine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
)

// kernelPackage depends on the newest kernel that Debian makes for clouds. It is
// small and knows QEMU's devices.
const kernelPackage = "linux-image-cloud-amd64"

// kernel is an unpacked kernel package.
type kernel struct {
	image   string // the file to boot
	modules string // folder with all its modules
	release string
}

// findKernel downloads and unpacks Debian's kernel into dir, unless it is there.
func findKernel(dir string, progress func(string, ...any)) (kernel, error) {
	if k, err := kernelIn(dir); err == nil {
		return k, nil
	}
	progress("downloading %s", kernelPackage)
	fresh := dir + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return kernel{}, err
	}
	if err := os.MkdirAll(fresh, 0o755); err != nil {
		return kernel{}, err
	}
	defer os.RemoveAll(fresh)
	if err := downloadKernel(fresh); err != nil {
		// A new machine has no lists, or old ones.
		if out, err := exec.Command("apt-get", "-qq", "update").CombinedOutput(); err != nil {
			return kernel{}, fmt.Errorf("apt-get update: %w: %s", err, out)
		}
		if err := downloadKernel(fresh); err != nil {
			return kernel{}, err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return kernel{}, err
	}
	if err := os.Rename(fresh, dir); err != nil {
		return kernel{}, err
	}
	return kernelIn(dir)
}

var kernelName = regexp.MustCompile(`linux-image-[0-9][^ ]*-cloud-amd64`)

func downloadKernel(dir string) error {
	out, err := exec.Command("apt-cache", "depends", kernelPackage).Output()
	if err != nil {
		return fmt.Errorf("apt-cache depends %s: %w", kernelPackage, err)
	}
	name := kernelName.Find(out)
	if name == nil {
		return fmt.Errorf("%s names no kernel: %s", kernelPackage, out)
	}
	get := exec.Command("apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", string(name))
	get.Dir = dir
	if out, err := get.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get download %s: %w: %s", name, err, out)
	}
	debs, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if out, err := exec.Command("dpkg-deb", "-x", deb, dir).CombinedOutput(); err != nil {
			return fmt.Errorf("dpkg-deb -x %s: %w: %s", deb, err, out)
		}
		if err := os.Remove(deb); err != nil {
			return err
		}
	}
	return nil
}

func kernelIn(dir string) (kernel, error) {
	images, err := filepath.Glob(filepath.Join(dir, "boot", "vmlinuz-*"))
	if err != nil {
		return kernel{}, err
	}
	if len(images) != 1 {
		return kernel{}, fmt.Errorf("%s has %d kernels", dir, len(images))
	}
	release := filepath.Base(images[0])[len("vmlinuz-"):]
	return kernel{image: images[0], modules: filepath.Join(dir, "lib", "modules", release), release: release}, nil
}
