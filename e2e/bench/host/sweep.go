package host

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Sweep ends every process that names dir in its command line or is in a control
// group whose top folder's name begins with prefix, removes these groups and
// what is mounted below dir, and then dir. Both must be the caller's alone. It returns what is
// left all the same.
func Sweep(dir, prefix string) error {
	if !strings.HasPrefix(dir, "/tmp/") || len(prefix) < 8 {
		return fmt.Errorf("%q and %q are too much to sweep", dir, prefix)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		all := append(Processes(dir), members(prefix)...)
		if len(all) == 0 {
			break
		}
		if time.Now().After(end) {
			return fmt.Errorf("processes %v do not end", all)
		}
		for _, pid := range all {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	var bad []error
	below := mounts(dir)
	slices.Reverse(below) // the last one is on top
	for _, m := range below {
		if err := unix.Unmount(m, unix.MNT_DETACH); err != nil {
			bad = append(bad, fmt.Errorf("unmount %s: %w", m, err))
		}
	}
	for _, g := range ownGroups(prefix) {
		if err := removeGroup(g); err != nil {
			bad = append(bad, err)
		}
	}
	return errors.Join(append(bad, os.RemoveAll(dir))...)
}

// Processes are the pids, but our own, whose command line has text in it.
func Processes(text string) []int {
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var pids []int
	for _, path := range found {
		line, err := os.ReadFile(path)
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && pid != os.Getpid() && bytes.Contains(line, []byte(text)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// mounts are the mount points below dir.
func mounts(dir string) []string {
	data, _ := os.ReadFile("/proc/self/mountinfo")
	var found []string
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], dir+"/") {
			found = append(found, f[4])
		}
	}
	return found
}

// ownGroups are the groups at the top of each hierarchy that begin with prefix.
func ownGroups(prefix string) []string {
	v2, _ := filepath.Glob("/sys/fs/cgroup/" + prefix + "*")
	v1, _ := filepath.Glob("/sys/fs/cgroup/*/" + prefix + "*")
	return append(v2, v1...)
}

// members are the processes in these groups.
func members(prefix string) []int {
	var pids []int
	for _, top := range ownGroups(prefix) {
		_ = filepath.WalkDir(top, func(p string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil
			}
			data, _ := os.ReadFile(filepath.Join(p, "cgroup.procs"))
			for line := range strings.FieldsSeq(string(data)) {
				if pid, err := strconv.Atoi(line); err == nil && pid > 0 {
					pids = append(pids, pid)
				}
			}
			return nil
		})
	}
	return pids
}

// removeGroup removes a group and those in it, the deepest first.
func removeGroup(dir string) error {
	var all []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			all = append(all, p)
		}
		return nil // gone meanwhile
	})
	slices.Reverse(all)
	for _, g := range all {
		err := syscall.Rmdir(g)
		for end := time.Now().Add(2 * time.Second); errors.Is(err, syscall.EBUSY) && time.Now().Before(end); err = syscall.Rmdir(g) {
			time.Sleep(10 * time.Millisecond)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the group %s: %w", g, err)
		}
	}
	return nil
}
