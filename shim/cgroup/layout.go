// Package cgroup makes, limits, reads and removes the control groups of one
// sandbox. It writes plain files, because that is all the interface there is,
// and supports cgroup v1, v2 and the hybrid of both.
//
// The shim never joins these groups: gVisor's processes do, through the
// launcher, so their memory is charged to the job from the first byte.
package cgroup

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// controllers are those a sandbox is limited or measured by.
var controllers = []string{"memory", "pids", "cpu", "cpuacct"}

// layout says where the host mounts its hierarchies.
type layout struct {
	// unified is the mount point of a cgroup2 hierarchy with controllers.
	unified string
	// v1 maps a controller to its mount point.
	v1 map[string]string
}

var hostLayout = sync.OnceValues(func() (layout, error) {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return layout{}, err
	}
	defer f.Close()
	l := layout{v1: map[string]string{}}
	for s := bufio.NewScanner(f); s.Scan(); {
		l.add(s.Text())
	}
	if len(l.v1) == 0 && l.unified == "" {
		return layout{}, errors.New("no control group hierarchy is mounted")
	}
	return l, nil
})

// add reads one line of mountinfo: "... mount-point ... - type source options".
func (l *layout) add(line string) {
	before, after, ok := strings.Cut(line, " - ")
	fields, tail := strings.Fields(before), strings.Fields(after)
	if !ok || len(fields) < 5 || len(tail) < 3 {
		return
	}
	point := fields[4]
	switch tail[0] {
	case "cgroup2":
		// In a hybrid set-up this hierarchy exists but controls nothing.
		have, err := os.ReadFile(filepath.Join(point, "cgroup.controllers"))
		if err == nil && slices.Contains(strings.Fields(string(have)), "memory") {
			l.unified = point
		}
	case "cgroup":
		for _, opt := range strings.Split(tail[2], ",") {
			if slices.Contains(controllers, opt) {
				l.v1[opt] = point
			}
		}
	}
}

// dirs maps each controller to this group's directory. With v2 they are all
// the same one.
func (l layout) dirs(path string) (map[string]string, error) {
	clean := filepath.Clean("/" + path)
	if clean == "/" || clean != path {
		return nil, fmt.Errorf("control group path %q is not absolute and clean", path)
	}
	dirs := map[string]string{}
	for _, c := range controllers {
		if l.unified != "" {
			dirs[c] = filepath.Join(l.unified, clean)
		} else if point, ok := l.v1[c]; ok {
			dirs[c] = filepath.Join(point, clean)
		}
	}
	if dirs["memory"] == "" || dirs["pids"] == "" {
		return nil, errors.New("the host has no memory or no pids controller")
	}
	return dirs, nil
}
