package cgroup

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Counters is what a group has used and where it hit a limit. They stay
// readable after the last process has gone, until Delete.
type Counters struct {
	Memory     uint64 // bytes now
	MemoryPeak uint64 // bytes, highest so far
	CPU        uint64 // nanoseconds
	Tasks      uint64 // host tasks now
	OOMKills   uint64 // processes the kernel killed for want of memory
	TasksMax   uint64 // forks the host refused
}

// Unified says whether the group is of cgroup v2.
func (g *Group) Unified() bool { return g.unified != "" }

// Counters reads them all. What the kernel does not offer is zero.
func (g *Group) Counters() (Counters, error) {
	if g.unified != "" {
		return g.unifiedCounters()
	}
	var c Counters
	err := errors.Join(
		g.number("memory", "memory.usage_in_bytes", &c.Memory),
		g.number("memory", "memory.max_usage_in_bytes", &c.MemoryPeak),
		g.number("cpuacct", "cpuacct.usage", &c.CPU),
		g.number("pids", "pids.current", &c.Tasks),
		g.keyed("memory", "memory.oom_control", "oom_kill", &c.OOMKills),
		g.keyed("pids", "pids.events", "max", &c.TasksMax),
	)
	return c, err
}

func (g *Group) unifiedCounters() (Counters, error) {
	var c Counters
	err := errors.Join(
		g.number("memory", "memory.current", &c.Memory),
		g.number("memory", "memory.peak", &c.MemoryPeak),
		g.keyed("cpu", "cpu.stat", "usage_usec", &c.CPU),
		g.number("pids", "pids.current", &c.Tasks),
		g.keyed("memory", "memory.events", "oom_kill", &c.OOMKills),
		g.keyed("pids", "pids.events", "max", &c.TasksMax),
	)
	c.CPU *= 1000
	return c, err
}

// number reads a file that holds one number.
func (g *Group) number(controller, name string, to *uint64) error {
	data, err := g.read(controller, name)
	if err != nil || len(data) == 0 {
		return err
	}
	*to, err = strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
	return err
}

// keyed reads one line of a file of "key number" lines.
func (g *Group) keyed(controller, name, key string, to *uint64) error {
	data, err := g.read(controller, name)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+" "); ok {
			*to, err = strconv.ParseUint(value, 10, 64)
			return err
		}
	}
	return nil
}

// read treats a file this kernel does not have as empty, but not a group that
// does not exist.
func (g *Group) read(controller, name string) ([]byte, error) {
	dir, ok := g.dirs[controller]
	if !ok {
		return nil, nil
	}
	data, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		_, err = os.Stat(dir)
	}
	return data, err
}
