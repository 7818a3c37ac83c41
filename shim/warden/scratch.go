package warden

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/kernel/auth"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
)

// scratchInterval is how often the scratch layer is looked at. Other looks are
// taken when a system call fails for want of space and when a task ends; this
// one is for what neither shows, such as filling a mapped file.
const scratchInterval = 250 * time.Millisecond

// WatchScratch names the file behind the scratch layer. The sentry calls it
// before the job runs.
func WatchScratch(fd int) { scratchFile = fd }

var scratchFile int

// scratch follows one scratch layer: the most it held on the host, and whether
// the job reached one of its caps.
type scratch struct {
	fd   int // of the file behind it; 0: there is no layer
	note func(string)

	mu    sync.Mutex
	bytes int64
	full  bool
	k     *kernel.Kernel    // nil unless being watched
	root  vfs.VirtualDentry // where the layer is mounted
}

// watch begins to look for the caps. The task is the job's first, which has the
// root the sandbox was made with; whatever the job mounts or changes its root
// to later does not matter.
func (s *scratch) watch(t *kernel.Task) {
	s.mu.Lock()
	s.k, s.root = t.Kernel(), t.MountNamespace().Root(t)
	s.mu.Unlock()
	watchCalls(s.look)
	go func() {
		for range time.Tick(scratchInterval) {
			s.look()
		}
	}()
}

// look takes the present state into account.
func (s *scratch) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var st unix.Stat_t
	if s.fd > 0 && unix.Fstat(s.fd, &st) == nil {
		s.bytes = max(s.bytes, st.Blocks*512)
	}
	if s.k == nil || s.full {
		return
	}
	ctx := s.k.SupervisorContext()
	fs, err := s.k.VFS().StatFSAt(ctx, auth.CredentialsFromContext(ctx), &vfs.PathOperation{Root: s.root, Start: s.root})
	switch {
	case err != nil:
	case fs.Blocks > 0 && fs.BlocksFree == 0:
		s.full = true
		s.note(formatFull(FullBytes))
	case fs.Files > 0 && fs.FilesFree == 0:
		s.full = true
		s.note(formatFull(FullInodes))
	}
}

// release ends the watch with the job's last task, so that gVisor can take the
// layer apart.
func (s *scratch) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.k != nil {
		s.root.DecRef(s.k.SupervisorContext())
		s.k = nil
	}
}

func (s *scratch) peak() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%s%d\n", noteScratch, s.bytes)
}
