package orchestrator_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"glovebox"
)

// shelf is an image library. "here" is on it; others have to be fetched, which
// takes a while and may fail: "fail:kind" does, with that kind.
type shelf struct {
	mu       sync.Mutex
	takes    time.Duration
	fetched  map[string]bool
	resolves int
}

func (s *shelf) image(name string) glovebox.Image {
	return glovebox.Image{Name: name, Digest: "sha256:" + name, Defaults: glovebox.Defaults{Env: []string{"FROM=image"}}}
}

func (s *shelf) Normalize(name string) (string, error) {
	if strings.Contains(name, " ") {
		return "", glovebox.Errorf(glovebox.KindInvalid, "not a name").On("containerImage")
	}
	return name, nil
}

func (s *shelf) Find(_ context.Context, _, name string) (glovebox.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name == "here" || s.fetched[name] {
		return s.image(name), nil
	}
	return glovebox.Image{}, glovebox.Errorf(glovebox.KindImageUnknown, "no image %s", name)
}

func (s *shelf) Resolve(ctx context.Context, _, name, _ string) (glovebox.Image, error) {
	s.mu.Lock()
	s.resolves++
	s.mu.Unlock()
	select {
	case <-time.After(s.takes):
	case <-ctx.Done():
		return glovebox.Image{}, ctx.Err()
	}
	if kind, ok := strings.CutPrefix(name, "fail:"); ok {
		return glovebox.Image{}, glovebox.Errorf(glovebox.Kind(kind), "no %s", name)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched[name] = true
	return s.image(name), nil
}

// logs keep output. As those of the real thing, they refuse attempt 0.
type logs struct {
	mu     sync.Mutex
	stdout map[string]int64
	text   map[string][]byte // of stdout
	stdin  map[string]string
	sealed map[string]bool
	held   bool // nothing can be sealed

	left    map[string]glovebox.StreamSizes // what came of artifacts
	refused bool                            // it does not check out
}

// leave is what a node ships of a sandbox's artifacts.
func (l *logs) leave(id string, bytes, index int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left == nil {
		l.left = map[string]glovebox.StreamSizes{}
	}
	l.left[id] = glovebox.StreamSizes{Artifacts: bytes, Index: index}
}

func (l *logs) ship(job string, attempt int, p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if id := glovebox.SandboxID(job, attempt); !l.sealed[id] {
		l.stdout[id], l.text[id] = int64(len(p)), bytes.Clone(p)
	}
}

func (l *logs) Sizes(_ context.Context, job string, attempt int) (glovebox.StreamSizes, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sizes := l.left[glovebox.SandboxID(job, attempt)]
	sizes.Stdout = l.stdout[glovebox.SandboxID(job, attempt)]
	return sizes, noAttempt(attempt)
}

// hold makes sealing fail, or lets it go on.
func (l *logs) hold(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = held
}

func (l *logs) SealArtifacts(_ context.Context, job string, attempt int, limit int64) (*glovebox.Artifacts, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	has := l.left[glovebox.SandboxID(job, attempt)]
	if l.refused || has.Artifacts+has.Index > limit {
		return &glovebox.Artifacts{Refused: true}, noAttempt(attempt)
	}
	return &glovebox.Artifacts{Files: 1, Bytes: has.Artifacts, IndexBytes: has.Index, Digest: "sha256:1"}, noAttempt(attempt)
}

func (l *logs) Seal(_ context.Context, job string, attempt int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		return glovebox.Errorf(glovebox.KindUnavailable, "nothing can be sealed")
	}
	l.sealed[glovebox.SandboxID(job, attempt)] = true
	return noAttempt(attempt)
}

func (l *logs) PutStdin(_ context.Context, job string, p []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stdin[job] = string(p)
	return nil
}

func (l *logs) Forget(_ context.Context, job string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.stdin, job)
	for id := range l.stdout {
		if strings.HasPrefix(id, job+"-") {
			delete(l.stdout, id)
		}
	}
	return nil
}

func noAttempt(attempt int) error {
	if attempt == 0 {
		return glovebox.Errorf(glovebox.KindInvalid, "there is no attempt 0")
	}
	return nil
}

// kept is how much is there of a job's input and output.
func (l *logs) kept(job string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.stdin[job])
	for id, size := range l.stdout {
		if strings.HasPrefix(id, job+"-") {
			n += int(size)
		}
	}
	return n
}
