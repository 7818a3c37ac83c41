package hostview

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
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
	self, buf := strconv.Itoa(os.Getpid()), make([]byte, 0, 4096)
	for _, e := range entries {
		if e[0] < '0' || e[0] > '9' || e == self {
			continue
		}
		args, err := readInto(buf, "/proc/"+e+"/cmdline")
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

// readInto reads a file of the kernel's to its end, into buf as far as there is
// room. It is for many small ones: os.ReadFile asks for the size of each, makes
// room for it, and tries to have it polled.
func readInto(buf []byte, path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	for buf = buf[:0]; ; {
		buf = slices.Grow(buf, 1024)
		n, err := unix.Read(fd, buf[len(buf):cap(buf)])
		switch {
		case err == unix.EINTR:
		case err != nil:
			return nil, err
		case n == 0:
			return buf, nil
		default:
			buf = buf[:len(buf)+n]
		}
	}
}

func read(pid int) (Process, bool) {
	dir := "/proc/" + strconv.Itoa(pid)
	args, err := readInto(nil, dir+"/cmdline")
	if err != nil || len(args) == 0 {
		return Process{}, false
	}
	groups, err := readInto(nil, dir+"/cgroup")
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
