package shimtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Residue lists what exists of sandboxes of this shim: processes, control
// groups, mounts and files. It is empty when all tasks are deleted.
func (s *Shim) Residue() []string {
	var left []string
	for _, pid := range s.cgroupProcs() {
		cmdline, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		left = append(left, fmt.Sprintf("process %d: %s", pid, strings.ReplaceAll(string(cmdline), "\x00", " ")))
	}
	for _, pid := range s.children() {
		left = append(left, fmt.Sprintf("child process %d", pid))
	}
	for _, dir := range s.cgroupDirs() {
		if !strings.HasSuffix(dir, s.cgroup) { // the parent is the caller's
			left = append(left, "control group "+dir)
		}
	}
	for _, m := range s.mounts() {
		left = append(left, "mount "+m)
	}
	files, _ := filepath.Glob(filepath.Join(s.Root, "s", "*"))
	scratch, _ := filepath.Glob(filepath.Join(s.Dir, "scratch", "*"))
	for _, f := range append(files, scratch...) {
		left = append(left, "file "+f)
	}
	return left
}

// children of the shim, zombies too.
func (s *Shim) children() []int {
	var pids []int
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", s.PID()))
	for _, file := range tasks {
		data, _ := os.ReadFile(file)
		for f := range strings.FieldsSeq(string(data)) {
			pid, _ := strconv.Atoi(f)
			pids = append(pids, pid)
		}
	}
	return pids
}

// cgroupDirs lists this shim's groups in all hierarchies, deepest first.
func (s *Shim) cgroupDirs() []string {
	var dirs []string
	for _, pattern := range []string{"/sys/fs/cgroup/*" + s.cgroup, "/sys/fs/cgroup" + s.cgroup} {
		tops, _ := filepath.Glob(pattern)
		for _, top := range tops {
			subs, _ := filepath.Glob(top + "/*/")
			for _, sub := range subs {
				dirs = append(dirs, filepath.Clean(sub))
			}
			dirs = append(dirs, top)
		}
	}
	return dirs
}

func (s *Shim) cgroupProcs() []int {
	seen := map[int]bool{}
	var pids []int
	for _, dir := range s.cgroupDirs() {
		data, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for f := range strings.FieldsSeq(string(data)) {
			if pid, err := strconv.Atoi(f); err == nil && !seen[pid] {
				seen[pid] = true
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// mounts below this shim's directory.
func (s *Shim) mounts() []string {
	data, _ := os.ReadFile("/proc/self/mountinfo")
	var points []string
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) > 4 && strings.HasPrefix(f[4], s.Dir+"/") {
			points = append(points, f[4])
		}
	}
	return points
}
