// Package cgroup reads, empties and removes control groups on cgroup v1, v2
// and the hybrid of both. It does not make them: that is the business of the
// runtimes (runc, and the gVisor shim), which also set the limits.
package cgroup

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Host is where this machine mounts its hierarchies.
type Host struct {
	points []point
}

// point is one mounted hierarchy.
type point struct {
	dir         string
	v2          bool
	controllers []string
}

// known are the controllers whose files are read here.
var known = []string{"memory", "pids", "cpu", "cpuacct"}

// Find reads the mount table of this process.
func Find() (*Host, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := parse(f, readControllers)
	if len(h.points) == 0 {
		return nil, errors.New("no control group hierarchy is mounted")
	}
	return h, nil
}

func readControllers(dir string) []string {
	b, _ := os.ReadFile(filepath.Join(dir, "cgroup.controllers"))
	return strings.Fields(string(b))
}

// parse reads lines of the form "… mount-point … - type source options".
// controllers tells what a v2 hierarchy controls: in a hybrid set-up, nothing.
func parse(r io.Reader, controllers func(dir string) []string) *Host {
	h := &Host{}
	for s := bufio.NewScanner(r); s.Scan(); {
		before, after, ok := strings.Cut(s.Text(), " - ")
		fields, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(tail) < 3 {
			continue
		}
		p := point{dir: fields[4]}
		switch tail[0] {
		case "cgroup2":
			p.v2, p.controllers = true, controllers(p.dir)
		case "cgroup":
			p.controllers = strings.Split(tail[2], ",")
		default:
			continue
		}
		seen := func(q point) bool { return q.dir == p.dir }
		if !slices.ContainsFunc(h.points, seen) {
			h.points = append(h.points, p)
		}
	}
	return h
}

// Group names the group at path, for example /glovebox/node/sandbox, in every
// hierarchy. Nothing is touched.
func (h *Host) Group(path string) *Group {
	g := &Group{path: filepath.Clean("/" + path)}
	for _, p := range h.points {
		dir := filepath.Join(p.dir, g.path)
		g.dirs = append(g.dirs, dir)
		for _, c := range known {
			if slices.Contains(p.controllers, c) {
				g.set(c, dir, p.v2)
			}
		}
	}
	return g
}

// CountsSwap says whether swap can be limited: v1 can be without.
func (h *Host) CountsSwap() bool {
	memory := h.Group("/").control["memory"]
	if memory.v2 {
		return true
	}
	_, err := os.Lstat(filepath.Join(memory.dir, "memory.memsw.limit_in_bytes"))
	return err == nil
}

// Children names the groups right below path in any hierarchy.
func (h *Host) Children(path string) []string {
	var names []string
	for _, p := range h.points {
		entries, _ := os.ReadDir(filepath.Join(p.dir, path))
		for _, e := range entries {
			if e.IsDir() {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
