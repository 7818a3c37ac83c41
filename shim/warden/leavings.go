package warden

import (
	"sync"

	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/fspath"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/kernel/auth"
	"gvisor.dev/gvisor/pkg/sentry/vfs"
)

// OutDir is where a job leaves what is to outlive it.
const OutDir = "/out"

// leavings is what the job leaves under OutDir. gVisor takes a root apart with
// the last task that has it, so it is held on to from the first call on. When
// the job's first process ends, the shim is told whether there is anything; if
// not, nothing is held any longer. Once the last task has ended as well nothing
// changes any more, and the shim is told that, too.
type leavings struct {
	note func(string)

	mu    sync.Mutex
	k     *kernel.Kernel      // nil unless held
	root  vfs.VirtualDentry   // of the job
	first *kernel.ThreadGroup // the job's first process
	told  string
	over  bool // no task is left
}

// hold begins with the job's first task, which has the root the sandbox was made
// with; whatever the job changes its root to later does not matter.
func (l *leavings) hold(t *kernel.Task) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.k, l.root, l.first = t.Kernel(), t.MountNamespace().Root(t), t.ThreadGroup()
}

// exits is called as a task of the job ends: it makes no calls any more. One of
// the first process may be the last one of that, so each says how it looks now,
// if that has changed.
func (l *leavings) exits(ctx context.Context) {
	t, ok := ctx.(*kernel.Task)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first != nil && t.ThreadGroup() != l.first {
		return
	}
	said := noteLeftNothing
	if l.any() {
		said = noteLeft
	}
	if said != l.told {
		l.told = said
		l.note(said)
	}
}

// any says whether there is anything. What is there in place of the folder
// counts.
func (l *leavings) any() bool {
	if l.k == nil {
		return false
	}
	ctx := l.k.SupervisorContext()
	dir, err := l.k.VFS().OpenAt(ctx, auth.CredentialsFromContext(ctx), l.at(OutDir),
		&vfs.OpenOptions{Flags: linux.O_RDONLY | linux.O_DIRECTORY | linux.O_NOFOLLOW})
	if err != nil {
		return !linuxerr.Equals(linuxerr.ENOENT, err)
	}
	defer dir.DecRef(ctx)
	found := false
	_ = dir.IterDirents(ctx, vfs.IterDirentsCallbackFunc(func(d vfs.Dirent) error {
		if d.Name != "." && d.Name != ".." {
			found = true
			return linuxerr.EINVAL // enough
		}
		return nil
	}))
	return found
}

func (l *leavings) at(path string) *vfs.PathOperation {
	return &vfs.PathOperation{Root: l.root, Start: l.root, Path: fspath.Parse(path)}
}

// end is called when the job's last task ends. What is held is kept for as long
// as the sandbox lives, if there is anything.
func (l *leavings) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.k != nil && l.told != noteLeft {
		l.root.DecRef(l.k.SupervisorContext())
		l.k = nil
	}
	l.over = true
	l.note(noteOver)
}
