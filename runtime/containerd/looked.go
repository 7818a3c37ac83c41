package containerd

import (
	"slices"
	"sync"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
)

// Bounds of what is remembered of images.
const (
	maxLooked  = 256
	maxLookFor = 4 << 10 // bytes of one key
)

// looked remembers what jobs' users, folders and programs were found to be in
// their images. An image of a digest does not change, so it is looked at once
// for jobs that ask for the same, and a claim need not wait for that. What was
// not found is looked for again.
type looked struct {
	mu    sync.Mutex
	known map[lookFor]found
}

// lookFor is all that the answer depends on.
type lookFor struct{ digest, user, workdir, command, path string }

type found struct {
	user             imageroot.User
	workdir, program string
}

// lookedFor is what a job asks of its image; false if it is not to be
// remembered.
func lookedFor(s glovebox.SandboxSpec, user string) (lookFor, bool) {
	if len(s.Args) == 0 || s.Snapshot != "" || s.Image.Digest == "" {
		return lookFor{}, false
	}
	k := lookFor{s.Image.Digest, user, s.Workdir, s.Args[0], imageroot.PathOf(s.Env)}
	return k, len(k.user)+len(k.workdir)+len(k.command)+len(k.path) <= maxLookFor
}

func (l *looked) find(k lookFor) (found, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ok := l.known[k]
	f.user.Groups = slices.Clone(f.user.Groups)
	return f, ok
}

func (l *looked) keep(k lookFor, f found) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.known == nil || len(l.known) >= maxLooked {
		l.known = map[lookFor]found{}
	}
	f.user.Groups = slices.Clone(f.user.Groups)
	l.known[k] = f
}
