package containerd

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"glovebox"
)

// gauge tells whether the writable layer of a sandbox is full.
type gauge struct {
	dir   string
	limit int64
	store *os.File // gVisor's file that holds the layer; nil for runc
}

// openGauge must be called before the command runs, because of a gVisor
// sandbox that has ended nothing is left to find the file by.
func (r *Runtime) openGauge(rec record) *gauge {
	g := &gauge{dir: r.dir(rec.ID, scratchDir), limit: rec.Limits.Disk}
	if rec.Runtime == glovebox.RuntimeGVisor {
		g.store = openStore(g.dir, r.group(rec.ID).Procs())
	}
	return g
}

// openStore finds the file that the sentry keeps the layer in. It has no name
// any more, so that it goes away with the sentry, but shows among the open
// files. The handle can be asked for the size and nothing else.
func openStore(dir string, pids []int) *os.File {
	for _, pid := range pids {
		fds := filepath.Join("/proc", strconv.Itoa(pid), "fd")
		entries, _ := os.ReadDir(fds)
		for _, e := range entries {
			link := filepath.Join(fds, e.Name())
			if target, err := os.Readlink(link); err != nil || !strings.HasPrefix(target, dir+"/") {
				continue
			}
			if fd, err := unix.Open(link, unix.O_PATH|unix.O_CLOEXEC, 0); err == nil {
				return os.NewFile(uintptr(fd), "scratch layer")
			}
		}
	}
	return nil
}

// full says whether there is no byte or no file left. gVisor keeps the bound
// on files inside and does not tell: its job is refused files, no more.
func (g *gauge) full() bool {
	if g.store != nil {
		info, err := g.store.Stat()
		if err != nil {
			return false
		}
		st, ok := info.Sys().(*syscall.Stat_t)
		return ok && st.Blocks*512 >= g.limit
	}
	var st unix.Statfs_t
	if err := unix.Statfs(g.dir, &st); err != nil || st.Type != unix.TMPFS_MAGIC {
		return false // not mounted (any more)
	}
	return st.Bfree == 0 || st.Ffree == 0
}

func (g *gauge) close() {
	if g.store != nil {
		g.store.Close()
	}
}
