package cgroup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Limits are what one sandbox may use of the host. Zero means no limit.
type Limits struct {
	// Memory in bytes; swap is not given in addition.
	Memory int64
	// Tasks is the number of tasks the job may have, inside the sandbox.
	Tasks int64
	// Shares is the weight of the CPU, in v1's unit (1024 is normal).
	Shares uint64
	// Quota is CPU time per Period, both in microseconds.
	Quota  int64
	Period uint64
}

// usualShares is the weight of a group that nobody has given one.
const usualShares = 1024

// FromSpec reads the limits of an OCI specification.
func FromSpec(r *specs.LinuxResources) Limits {
	var l Limits
	if r == nil {
		return l
	}
	if m := r.Memory; m != nil && m.Limit != nil && *m.Limit > 0 {
		l.Memory = *m.Limit
	}
	if p := r.Pids; p != nil && p.Limit > 0 {
		l.Tasks = p.Limit
	}
	if c := r.CPU; c != nil {
		if c.Shares != nil {
			l.Shares = *c.Shares
		}
		if c.Quota != nil && *c.Quota > 0 {
			l.Quota, l.Period = *c.Quota, 100_000
			if c.Period != nil && *c.Period > 0 {
				l.Period = *c.Period
			}
		}
	}
	return l
}

// HostTasks is the host's bound on tasks for a job that may have n: gVisor
// needs threads of its own and, for each guest process, a stub process with
// some threads. It is a backstop that honest gVisor does not reach, because
// reaching it crashes the sentry; the exact bound is kept inside.
func HostTasks(n int64) int64 { return hostTasksBase + hostTasksPerGuest*n }

const (
	hostTasksBase     = 512
	hostTasksPerGuest = 4
)

// file is one setting; a missing optional file is not an error.
type file struct {
	controller, name, value string
	optional                bool
}

func (g *Group) apply(l Limits) error {
	if g.unified != "" {
		return g.write(l.unifiedFiles())
	}
	return g.write(l.v1Files())
}

func (l Limits) v1Files() []file {
	var fs []file
	if l.Memory > 0 {
		bytes := strconv.FormatInt(l.Memory, 10)
		fs = append(fs,
			file{"memory", "memory.limit_in_bytes", bytes, false},
			file{"memory", "memory.memsw.limit_in_bytes", bytes, true}) // absent without swap accounting
	}
	if l.Tasks > 0 {
		fs = append(fs, file{"pids", "pids.max", strconv.FormatInt(HostTasks(l.Tasks), 10), false})
	}
	if l.Shares > 0 {
		fs = append(fs, file{"cpu", "cpu.shares", strconv.FormatUint(l.Shares, 10), false})
	}
	return fs
}

func (l Limits) unifiedFiles() []file {
	var fs []file
	if l.Memory > 0 {
		fs = append(fs,
			file{"memory", "memory.max", strconv.FormatInt(l.Memory, 10), false},
			file{"memory", "memory.swap.max", "0", true},
			file{"memory", "memory.oom.group", "1", true})
	}
	if l.Tasks > 0 {
		fs = append(fs, file{"pids", "pids.max", strconv.FormatInt(HostTasks(l.Tasks), 10), false})
	}
	if l.Shares > 0 {
		// The kernel's ranges are [2, 262144] and [1, 10000].
		weight := 1 + (max(l.Shares, 2)-2)*9999/262142
		fs = append(fs, file{"cpu", "cpu.weight", strconv.FormatUint(weight, 10), false})
	}
	return fs
}

// ApplyQuota sets the CPU quota. It is separate from Create so that starting
// gVisor is not throttled: that work is ours, not the job's.
func (g *Group) ApplyQuota(l Limits) error {
	if l.Quota <= 0 {
		return nil
	}
	if g.unified != "" {
		return g.write([]file{{"cpu", "cpu.max", fmt.Sprintf("%d %d", l.Quota, l.Period), false}})
	}
	return g.write([]file{
		{"cpu", "cpu.cfs_period_us", strconv.FormatUint(l.Period, 10), false},
		{"cpu", "cpu.cfs_quota_us", strconv.FormatInt(l.Quota, 10), false},
	})
}

func (g *Group) write(files []file) error {
	for _, f := range files {
		dir, ok := g.dirs[f.controller]
		if !ok {
			return fmt.Errorf("the host has no %s controller", f.controller)
		}
		// Without O_CREATE, so that a file the kernel lacks is an error.
		out, err := os.OpenFile(filepath.Join(dir, f.name), os.O_WRONLY, 0)
		if f.optional && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		_, err = out.WriteString(f.value)
		if err := errors.Join(err, out.Close()); err != nil {
			return fmt.Errorf("%s=%s: %w", f.name, f.value, err)
		}
	}
	return nil
}
