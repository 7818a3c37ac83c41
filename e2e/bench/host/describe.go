package host

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Describe says in one line what the machine is.
func Describe() string {
	var u unix.Utsname
	_ = unix.Uname(&u)
	memory := int64(0)
	if data, err := os.ReadFile("/proc/meminfo"); err == nil {
		memory, _ = field(string(data), "MemTotal:")
	}
	return fmt.Sprintf("%d × %s, %.0f GiB of memory, Linux %s, control groups %s, rcu_expedited %s",
		runtime.NumCPU(), cpu(), float64(memory)/(1<<30), unix.ByteSliceToString(u.Release[:]), groups(), knob("/sys/kernel/rcu_expedited"))
}

func cpu() string {
	data, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(data)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func groups() string {
	switch {
	case exists("/sys/fs/cgroup/cgroup.controllers"):
		return "v2"
	case exists("/sys/fs/cgroup/unified/cgroup.controllers"):
		return "v1 (hybrid)"
	}
	return "v1"
}

func knob(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(data))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// Version is the first line that a program prints about itself, or "".
func Version(program string, args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, args...).Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if !strings.Contains(line, filepath.Base(program)) {
		line = filepath.Base(program) + " " + line
	}
	return line
}
