package supervise

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// killOrphans ends every process whose parent is this one, but for those left
// on purpose, again and again, as each may leave children of its own to us. The
// wait loop must still run. It returns how many there were.
func killOrphans(limit time.Duration, left map[int]bool) int {
	killed := map[int]bool{}
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		children := slices.DeleteFunc(childrenOf(os.Getpid()), func(pid int) bool { return left[pid] })
		if len(children) == 0 {
			break
		}
		for _, pid := range children {
			// Nobody but the wait loop buries it, and a child that it has
			// buried has left this list; a reused number would need the
			// whole range of pids to pass in between.
			_ = syscall.Kill(pid, syscall.SIGKILL)
			killed[pid] = true
		}
	}
	return len(killed)
}

// childrenOf finds processes by their parent, from /proc/*/stat as not every
// kernel lists children.
func childrenOf(parent int) []int {
	var pids []int
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is sound
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// "pid (comm) state ppid …", where comm may hold anything.
		rest := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
		if len(rest) < 2 {
			continue
		}
		if ppid, err := strconv.Atoi(string(rest[1])); err != nil || ppid != parent {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
