package host

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Family are these processes and all that come from them, each once.
func Family(pids []int) []int {
	children := map[int][]int{}
	found, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range found {
		data, _ := os.ReadFile(path)
		// The name of the program, in parentheses, may have anything in it.
		at := strings.LastIndexByte(string(data), ')')
		f := strings.Fields(string(data)[at+1:])
		if len(f) < 2 {
			continue // gone
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parent, _ := strconv.Atoi(f[1])
		children[parent] = append(children[parent], pid)
	}
	var all []int
	for todo := slices.Clone(pids); len(todo) > 0; {
		pid := todo[0]
		todo = todo[1:]
		if slices.Contains(all, pid) {
			continue
		}
		all = append(all, pid)
		todo = append(todo, children[pid]...)
	}
	return all
}

// CPU is the time that all threads of these processes have run, to the
// nanosecond. Threads that have ended do not count any more.
func CPU(pids []int) time.Duration {
	var sum time.Duration
	for _, pid := range pids {
		threads, _ := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task/*/schedstat"))
		for _, path := range threads {
			data, _ := os.ReadFile(path)
			if f := strings.Fields(string(data)); len(f) > 0 {
				ns, _ := strconv.ParseInt(f[0], 10, 64)
				sum += time.Duration(ns)
			}
		}
	}
	return sum
}

// Memory is the sum of these processes' PSS in bytes.
func Memory(pids []int) int64 {
	var sum int64
	for _, pid := range pids {
		n, _ := PSS(pid) // it may be gone
		sum += n
	}
	return sum
}
