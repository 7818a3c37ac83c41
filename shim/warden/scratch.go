package warden

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/kernel/auth"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
)

// scratchInterval is how often the scratch layer is looked at. Other looks are
// taken when a system call fails for want of space and when a task ends; this
// one is for what neither shows, such as filling a mapped file.
const scratchInterval = 250 * time.Millisecond

// scratch follows the job's layer: the most it held, and whether the job has
// reached one of its caps.
type scratch struct {
	note func(string)

	mu   sync.Mutex
	peak uint64 // bytes
	full bool
	k    *kernel.Kernel    // nil unless being watched
	root vfs.VirtualDentry // where the layer is mounted
}

// watch begins to look for the caps. The task is the job's first, which has the
// root the sandbox was made with; whatever the job mounts or changes its root
// to later does not matter.
func (s *scratch) watch(t *kernel.Task) {
	s.mu.Lock()
	s.k, s.root = t.Kernel(), t.MountNamespace().Root(t)
	s.mu.Unlock()
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
	if s.k == nil || s.k.IsPaused() {
		return // paused, it is being saved maybe, and nothing may change
	}
	ctx := s.k.SupervisorContext()
	fs, err := s.k.VFS().StatFSAt(ctx, auth.CredentialsFromContext(ctx), &vfs.PathOperation{Root: s.root, Start: s.root})
	if err == nil {
		s.peak = max(s.peak, (fs.Blocks-min(fs.BlocksFree, fs.Blocks))*uint64(fs.BlockSize))
	}
	switch {
	case err != nil || s.full:
	case fs.Blocks > 0 && fs.BlocksFree == 0:
		s.full = true
		s.note(formatFull(FullBytes))
	case fs.Files > 0 && fs.FilesFree == 0:
		s.full = true
		s.note(formatFull(FullInodes))
	}
}

// release ends the watch with the job's last task, so that gVisor can take the
// layer apart, and tells what was seen.
func (s *scratch) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.k != nil {
		s.root.DecRef(s.k.SupervisorContext())
		s.k = nil
		s.note(formatScratch(s.peak))
	}
}
