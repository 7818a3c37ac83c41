package cgroup

import (
	"context"
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

// Group is one path in every hierarchy. It may or may not exist.
type Group struct {
	path    string
	dirs    []string
	control map[string]controlled
}

// controlled is where a controller's files of this group are.
type controlled struct {
	dir string
	v2  bool
}

func (g *Group) set(controller, dir string, v2 bool) {
	if g.control == nil {
		g.control = map[string]controlled{}
	}
	g.control[controller] = controlled{dir, v2}
}

// Existing lists the directories that are there.
func (g *Group) Existing() []string {
	var found []string
	for _, dir := range g.dirs {
		if _, err := os.Lstat(dir); err == nil {
			found = append(found, dir)
		}
	}
	return found
}

// Procs lists the processes of the group and of those below it.
func (g *Group) Procs() []int {
	var pids []int
	for _, dir := range g.dirs {
		for _, path := range tree(dir) {
			b, _ := os.ReadFile(filepath.Join(path, "cgroup.procs"))
			for field := range strings.FieldsSeq(string(b)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
					pids = append(pids, pid)
				}
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// Kill ends every process of the group, those that are forked meanwhile too.
// It returns when none is left or ctx has ended.
func (g *Group) Kill(ctx context.Context) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		pids := g.Procs()
		if len(pids) == 0 {
			return nil
		}
		for _, dir := range g.dirs {
			// Only v2 has it, and it is the only way that no fork escapes.
			_ = writeExisting(filepath.Join(dir, "cgroup.kill"), "1")
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("processes %v of group %s do not end: %w", pids, g.path, ctx.Err())
		case <-time.After(wait):
		}
	}
}

// Remove removes the group and those below it, which must be empty of
// processes. It tries again for a moment, because the kernel lets go of a
// group only after its last process was reaped.
func (g *Group) Remove(ctx context.Context) error {
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		err := g.removeOnce()
		if err == nil || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

func (g *Group) removeOnce() error {
	var errs []error
	for _, dir := range g.dirs {
		for _, path := range slices.Backward(tree(dir)) {
			if err := syscall.Rmdir(path); err != nil && err != syscall.ENOENT {
				errs = append(errs, fmt.Errorf("rmdir %s: %w", path, err))
			}
		}
	}
	return errors.Join(errs...)
}

// writeExisting writes to a file of the kernel, which os.WriteFile would try
// to create where it does not exist.
func writeExisting(path, value string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(value)
	return errors.Join(err, f.Close())
}

// tree lists a group's folder and those below it, each before what is in it;
// nothing if it is not there. The kernel counts a folder's folders in its links,
// which spares reading through dozens of files where there are none.
func tree(dir string) (found []string) {
	const own = 2 // links of a folder without others in it
	var st unix.Stat_t
	if unix.Lstat(dir, &st) != nil {
		return nil
	}
	if st.Nlink == own {
		return []string{dir}
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			found = append(found, path)
		}
		return nil // gone in the meantime, or a file
	})
	return found
}
