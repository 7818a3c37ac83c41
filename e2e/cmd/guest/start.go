package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// start runs as the kernel's first process, out of memory: it loads the modules,
// mounts the root disk and goes on there. The kernel's own first root cannot be
// left by pivot_root, which sandboxes need.
func start() error {
	for _, m := range []mount{
		{"devtmpfs", "/dev", "devtmpfs", 0, ""},
		{"proc", "/proc", "proc", 0, ""},
		{"sysfs", "/sys", "sysfs", 0, ""},
	} {
		if err := m.make(); err != nil {
			return err
		}
	}
	if err := loadModules("/modules"); err != nil {
		return err
	}
	root, err := findDisk("root")
	if err != nil {
		return err
	}
	if err := (mount{root, "/root", "ext4", unix.MS_RDONLY, ""}).make(); err != nil {
		return err
	}
	for _, dir := range []string{"/dev", "/proc", "/sys"} {
		if err := unix.Mount(dir, "/root"+dir, "", unix.MS_MOVE, ""); err != nil {
			return fmt.Errorf("move %s: %w", dir, err)
		}
	}
	if err := errors.Join(os.Chdir("/root"), unix.Mount(".", "/", "", unix.MS_MOVE, ""), unix.Chroot("."), os.Chdir("/")); err != nil {
		return fmt.Errorf("go to the root disk: %w", err)
	}
	return unix.Exec("/sbin/guest", []string{"guest", "reap"}, []string{"PATH=/opt/glovebox:/bin:/sbin:/usr/bin", "HOME=/root"})
}

func loadModules(dir string) error {
	order, err := os.ReadFile(filepath.Join(dir, "order"))
	if err != nil {
		return err
	}
	for name := range strings.FieldsSeq(string(order)) {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		if err := errors.Join(err, f.Close()); err != nil {
			return fmt.Errorf("load %s: %w", name, err)
		}
	}
	return nil
}

// findDisk returns the device of a disk by its serial. It may take a moment to
// appear.
func findDisk(serial string) (string, error) {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if path := disks()[serial]; path != "" {
			return path, nil
		}
	}
	return "", fmt.Errorf("no disk %q, only %v", serial, disks())
}

// disks maps the serial of each disk to its device.
func disks() map[string]string {
	found := map[string]string{}
	files, _ := filepath.Glob("/sys/block/*/serial") // the pattern is sound
	for _, f := range files {
		if serial, err := os.ReadFile(f); err == nil {
			found[strings.TrimSpace(string(serial))] = "/dev/" + filepath.Base(filepath.Dir(f))
		}
	}
	return found
}

type mount struct {
	source, target, kind string
	flags                uintptr
	options              string
}

func (m mount) make() error {
	if err := os.MkdirAll(m.target, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.options); err != nil {
		return fmt.Errorf("mount %s: %w", m.target, err)
	}
	return nil
}
