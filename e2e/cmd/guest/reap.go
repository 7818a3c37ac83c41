package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// reap is the first process from the root disk on: it mounts what a machine has,
// starts the one that takes commands and buries orphans.
func reap() error {
	for _, m := range []mount{
		{"devpts", "/dev/pts", "devpts", 0, ""},
		{"tmpfs", "/dev/shm", "tmpfs", 0, ""},
		{"tmpfs", "/tmp", "tmpfs", 0, ""},
		{"tmpfs", "/run", "tmpfs", 0, ""},
		{"cgroup2", "/sys/fs/cgroup", "cgroup2", 0, ""},
	} {
		if err := m.make(); err != nil {
			return err
		}
	}
	// As an ordinary system has it.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_SHARED, ""); err != nil {
		return err
	}
	if err := os.MkdirAll("/dev/disk", 0o755); err != nil {
		return err
	}
	for serial, device := range disks() {
		if err := os.Symlink(device, filepath.Join("/dev/disk", serial)); err != nil {
			return err
		}
	}
	if err := exec.Command("ip", "link", "set", "lo", "up").Run(); err != nil {
		return err
	}
	serve := exec.Command("/sbin/guest", "serve")
	serve.Stdout, serve.Stderr = os.Stdout, os.Stderr
	if err := serve.Start(); err != nil {
		return err
	}
	for {
		var status unix.WaitStatus
		pid, err := unix.Wait4(-1, &status, 0, nil)
		if err != nil && err != unix.EINTR || pid == serve.Process.Pid {
			return errors.Join(err, errors.New("the one that takes commands has ended"))
		}
	}
}

// off turns the machine off without a loss.
func off() error {
	unix.Sync()
	for _, disk := range disks() {
		// Busy ones stay mounted; they are synced.
		_ = exec.Command("umount", disk).Run()
	}
	unix.Sync()
	return unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
}
