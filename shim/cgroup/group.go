package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Group is the set of control groups of one sandbox. The zero value is not
// usable; Open does not touch the host, so it also serves for cleaning up.
type Group struct {
	// Path is relative to the root of every hierarchy.
	Path string

	unified string
	dirs    map[string]string
}

// Open names the group at path, for example /glovebox/node/sandbox.
func Open(path string) (*Group, error) {
	l, err := hostLayout()
	if err != nil {
		return nil, err
	}
	dirs, err := l.dirs(path)
	if err != nil {
		return nil, err
	}
	return &Group{Path: path, unified: l.unified, dirs: dirs}, nil
}

// Create makes the group and sets its limits, all but the CPU quota.
// A group that exists already is an error: it may hold somebody's processes.
func (g *Group) Create(l Limits) error {
	var made []string
	for _, dir := range g.unique() {
		err := g.makeOne(dir)
		// Another instance that stops takes the parent away if it finds it
		// empty, which it may be between our two steps.
		for tries := 0; errors.Is(err, fs.ErrNotExist) && tries < 5; tries++ {
			err = g.makeOne(dir)
		}
		if err != nil {
			return errors.Join(err, remove(made))
		}
		made = append(made, dir)
	}
	if err := g.apply(l); err != nil {
		return errors.Join(err, remove(made))
	}
	return nil
}

// Apply sets the limits of a group that was made with others, all but the CPU
// quota. Without a weight it gets the usual one.
func (g *Group) Apply(l Limits) error {
	if l.Shares == 0 {
		l.Shares = usualShares
	}
	if g.unified == "" && l.Memory > 0 {
		// It bounds the limit on memory alone, which may be about to grow.
		if err := g.write([]file{{"memory", "memory.memsw.limit_in_bytes", "-1", true}}); err != nil {
			return err
		}
	}
	return g.apply(l)
}

func (g *Group) makeOne(dir string) error {
	if err := g.makeParents(dir); err != nil {
		return err
	}
	return os.Mkdir(dir, 0o755)
}

// Exists says whether any part of the group is there.
func (g *Group) Exists() bool {
	return slices.ContainsFunc(g.unique(), func(dir string) bool {
		_, err := os.Lstat(dir)
		return err == nil
	})
}

// makeParents makes the directories above dir; on v2 each must also pass the
// controllers on to its children, from the top down.
func (g *Group) makeParents(dir string) error {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil || g.unified == "" {
		return err
	}
	var above []string
	for p := parent; len(p) >= len(g.unified); p = filepath.Dir(p) {
		above = append(above, p)
	}
	for _, p := range slices.Backward(above) {
		// Best effort: a missing controller shows up as a missing file when
		// the limit is written.
		_ = os.WriteFile(filepath.Join(p, "cgroup.subtree_control"), []byte("+memory +pids +cpu"), 0o644)
	}
	return nil
}

// JoinFiles are the files a process writes itself into to become a member.
func (g *Group) JoinFiles() []string {
	var files []string
	for _, dir := range g.unique() {
		files = append(files, filepath.Join(dir, "cgroup.procs"))
	}
	return files
}

// Procs lists the host processes of the group.
func (g *Group) Procs() ([]int, error) {
	data, err := os.ReadFile(filepath.Join(g.dirs["pids"], "cgroup.procs"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var pids []int
	for field := range strings.FieldsSeq(string(data)) {
		pid, err := strconv.Atoi(field)
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}

// Signal sends sig to every process of the group once.
func (g *Group) Signal(sig syscall.Signal) error {
	pids, err := g.Procs()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, sig); err != nil && err != syscall.ESRCH {
			return err
		}
	}
	return nil
}

// Delete kills what is still inside and removes the group, trying for at most
// patience. A group that does not exist is done.
func (g *Group) Delete(patience time.Duration) error {
	var err error
	for wait, end := time.Millisecond, time.Now().Add(patience); ; wait = min(2*wait, 50*time.Millisecond) {
		if err = remove(g.unique()); err == nil || time.Now().After(end) {
			return err
		}
		if kerr := g.Signal(syscall.SIGKILL); kerr != nil {
			return kerr
		}
		time.Sleep(wait)
	}
}

func remove(dirs []string) error {
	var errs []error
	for _, dir := range dirs {
		if err := syscall.Rmdir(dir); err != nil && err != syscall.ENOENT {
			errs = append(errs, fmt.Errorf("rmdir %s: %w", dir, err))
		}
	}
	return errors.Join(errs...)
}

// unique lists the group's directories; on v1 the one with the memory
// controller comes first, so that nothing a joining process does is unpaid.
func (g *Group) unique() []string {
	dirs := slices.Sorted(maps.Values(g.dirs))
	dirs = slices.Compact(dirs)
	memory := g.dirs["memory"]
	slices.SortStableFunc(dirs, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case a == memory:
			return -1
		case b == memory:
			return 1
		}
		return 0
	})
	return dirs
}
