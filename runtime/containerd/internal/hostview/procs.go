package hostview

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Process is one process of this machine.
type Process struct {
	PID     int
	Args    []string
	Cgroups []string // paths, one for each hierarchy
}

// Processes lists all that are not kernel threads or zombies. Those that end
// meanwhile are left out.
func Processes() ([]Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []Process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := read(pid); ok {
			found = append(found, p)
		}
	}
	return found, nil
}

// Mentioning lists the processes, but for this one, that have one of the names
// in their arguments. It looks at nothing else, and so costs a fraction of
// Processes.
func Mentioning(names ...string) ([]Process, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, err
	}
	defer proc.Close()
	entries, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	var found []Process
	self := strconv.Itoa(os.Getpid())
	for _, e := range entries {
		if e[0] < '0' || e[0] > '9' || e == self {
			continue
		}
		args, err := os.ReadFile("/proc/" + e + "/cmdline")
		if err != nil || !slices.ContainsFunc(names, func(n string) bool { return bytes.Contains(args, []byte(n)) }) {
			continue
		}
		pid, err := strconv.Atoi(e)
		if err != nil {
			continue
		}
		if p, ok := read(pid); ok {
			found = append(found, p)
		}
	}
	return found, nil
}

func read(pid int) (Process, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	args, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || len(args) == 0 {
		return Process{}, false
	}
	groups, err := os.ReadFile(filepath.Join(dir, "cgroup"))
	if err != nil {
		return Process{}, false
	}
	p := Process{PID: pid, Args: strings.Split(strings.TrimRight(string(args), "\x00"), "\x00")}
	for line := range strings.Lines(string(groups)) {
		// "id:controllers:path"; the path may hold colons.
		if parts := strings.SplitN(strings.TrimSpace(line), ":", 3); len(parts) == 3 {
			p.Cgroups = append(p.Cgroups, parts[2])
		}
	}
	return p, true
}

// Name is the program and the process id, short enough for a report.
func (p Process) Name() string {
	name := filepath.Base(p.Args[0])
	return strconv.Itoa(p.PID) + " " + name[:min(len(name), 64)]
}
