package box

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Gone looks at the machine itself, without asking glovebox: after a stop no
// process names the folder and nothing is mounted below it, and no cgroup of
// ours has a process.
func (b *Box) Gone() {
	b.T.Helper()
	var left []string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if left = append(b.processes(), b.mounts()...); len(left) == 0 {
			return
		}
	}
	b.T.Errorf("left after the stop:\n%s", strings.Join(left, "\n"))
}

func (b *Box) processes() []string {
	var left []string
	for _, pid := range Pids() {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		if err != nil || !bytes.Contains(line, []byte(b.Data)) || pid == os.Getpid() {
			continue
		}
		left = append(left, "process "+strconv.Itoa(pid)+" "+string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
	}
	return left
}

func (b *Box) mounts() []string {
	data, _ := os.ReadFile("/proc/self/mountinfo")
	var left []string
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, b.Data+"/") {
			left = append(left, "mount "+strings.TrimSpace(line))
		}
	}
	return left
}

// Pids lists every process.
func Pids() []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Children returns the pids of the box's processes whose command line contains
// word, such as "control", "agent", "containerd --config" or "shim".
func (b *Box) Children(word string) []int {
	var found []int
	for _, pid := range Pids() {
		line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
		text := string(bytes.ReplaceAll(line, []byte{0}, []byte(" ")))
		if err == nil && strings.Contains(text, b.Data) && strings.Contains(text, word) {
			found = append(found, pid)
		}
	}
	return found
}
