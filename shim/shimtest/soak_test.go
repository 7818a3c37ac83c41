package shimtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// footprint is what the shim itself holds.
type footprint struct {
	files, threads int
	rss            int64 // bytes
}

func (s *Shim) footprint(t *testing.T) (f footprint) {
	t.Helper()
	proc := fmt.Sprintf("/proc/%d", s.PID())
	fds, err := os.ReadDir(filepath.Join(proc, "fd"))
	must(t, err)
	f.files = len(fds)
	data, err := os.ReadFile(filepath.Join(proc, "status"))
	must(t, err)
	for line := range strings.Lines(string(data)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kb); n == 1 {
			f.rss = kb << 10
		}
		_, _ = fmt.Sscanf(line, "Threads: %d", &f.threads)
	}
	return f
}

// Many sandboxes, eight at a time, must leave the shim as it was.
func TestSoak(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: takes some seconds")
	}
	s := StartShim(t)
	batch := func(n int) footprint {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range n / 8 {
					s.Run(t, Job{Args: []string{"/bin/echo", "hi"}, Memory: 256 << 20, Tasks: 64, CPUQuota: 50_000, ScratchSize: 1 << 20})
				}
			})
		}
		wg.Wait()
		return s.footprint(t)
	}
	warm := batch(24)
	after := batch(96)
	t.Logf("after 24: %+v, after 120: %+v", warm, after)
	// Files that the garbage collector closes come and go by a few; a leak of
	// one in four sandboxes would be 24 more.
	if after.files > warm.files+24 || after.threads > warm.threads+8 || after.rss > warm.rss+16<<20 {
		t.Errorf("the shim grew from %+v to %+v", warm, after)
	}
}
