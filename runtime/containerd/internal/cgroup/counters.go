package cgroup

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Counters is what a group has used and where it met its limits. They can be
// read until the group is removed, also when its last process has ended. What
// the kernel does not offer is zero.
type Counters struct {
	MemoryPeak int64         // bytes, highest so far
	CPU        time.Duration // of all processes
	OOMKills   int64         // processes killed for want of memory
	PidsDenied int64         // forks refused
}

// Counters reads them all; ok says whether the group exists.
func (g *Group) Counters() (c Counters, ok bool) {
	memory, pids := g.control["memory"], g.control["pids"]
	if _, err := os.Lstat(memory.dir); err != nil || memory.dir == "" {
		return c, false
	}
	c.PidsDenied = pids.keyed("pids.events", "max")
	if memory.v2 {
		c.MemoryPeak = memory.number("memory.peak")
		c.OOMKills = memory.keyed("memory.events", "oom_kill")
		c.CPU = time.Duration(g.control["cpu"].keyed("cpu.stat", "usage_usec")) * time.Microsecond
		return c, true
	}
	c.MemoryPeak = memory.number("memory.max_usage_in_bytes")
	c.OOMKills = memory.keyed("memory.oom_control", "oom_kill")
	c.CPU = time.Duration(g.control["cpuacct"].number("cpuacct.usage"))
	return c, true
}

// number reads a file that holds one number.
func (c controlled) number(name string) int64 {
	if c.dir == "" {
		return 0
	}
	b, _ := os.ReadFile(filepath.Join(c.dir, name))
	n, _ := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n
}

// keyed reads one line of a file of "key number" lines.
func (c controlled) keyed(name, key string) int64 {
	if c.dir == "" {
		return 0
	}
	b, _ := os.ReadFile(filepath.Join(c.dir, name))
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+" "); ok {
			n, _ := strconv.ParseInt(value, 10, 64)
			return n
		}
	}
	return 0
}

// MemoryNow is what the group has in memory at this moment, page cache too.
func (g *Group) MemoryNow() int64 {
	memory := g.control["memory"]
	if memory.v2 {
		return memory.number("memory.current")
	}
	return memory.number("memory.usage_in_bytes")
}
