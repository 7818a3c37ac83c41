package sandbox

import (
	"fmt"
	"path"
	"strings"

	"github.com/containerd/errdefs"

	"glovebox/shim/warden"
)

// AnnotationFiles set to "true" says that the job gets files that are in no
// image: with the claim, or by Files before Start, which refuses to go on
// without. They are nowhere in the specification, because that is on disk.
const AnnotationFiles = "dev.glovebox.files"

// Bounds of a job's files.
const (
	maxFiles     = 96
	maxFileBytes = 16 << 20 // of all together
)

// File is one of them: see warden.File.
type File = warden.File

// lateFiles is what becomes of them; nil for a job that gets none.
type lateFiles struct {
	memory *warden.FileMemory
	given  bool
}

func checkFilesAnnotation(value string) error {
	if value != "" && value != "true" {
		return fmt.Errorf("%s: %q is not true: %w", AnnotationFiles, value, errdefs.ErrInvalidArgument)
	}
	return nil
}

// newLateFiles makes room for the files of a job that is to get some. Those that
// came with a claim are in it.
func newLateFiles(annotation string, files Given) (*lateFiles, error) {
	if annotation == "" && files.none() {
		return nil, nil
	}
	memory, err := warden.NewFileMemory()
	if err != nil {
		return nil, err
	}
	l := &lateFiles{memory: memory}
	if !files.none() {
		if err := l.give(files); err != nil {
			memory.Close()
			return nil, err
		}
	}
	return l, nil
}

func (l *lateFiles) give(files Given) error {
	if l.given {
		return fmt.Errorf("the job has its files already: %w", errdefs.ErrFailedPrecondition)
	}
	if err := files.put(l.memory); err != nil {
		return err
	}
	l.given = true
	return nil
}

// placed says whether the job has its files.
func (l *lateFiles) placed() error {
	if l == nil {
		return nil
	}
	return l.memory.Placed()
}

func (l *lateFiles) fileMemory() *warden.FileMemory {
	if l == nil {
		return nil
	}
	return l.memory
}

// missing refuses a job that lacks files that it is to get.
func (l *lateFiles) missing() error {
	if l == nil || l.given {
		return nil
	}
	return fmt.Errorf("the job has not got the files that %s announces: %w", AnnotationFiles, errdefs.ErrFailedPrecondition)
}

// lacks is why the job cannot be started yet.
func (j *job) lacks() error {
	if j == nil {
		return nil
	}
	return j.files.missing()
}

func (l *lateFiles) close() {
	if l != nil {
		l.memory.Close()
	}
}

// checkFiles refuses what nobody should have sent.
func checkFiles(files []warden.FileHead) error {
	size, seen := int64(0), map[string]bool{}
	for _, f := range files {
		size += min(f.Size, maxFileBytes+1)
		dir := path.Dir(f.Path)
		if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || f.Path == "/" || f.Path == warden.SecretsDir || strings.ContainsRune(f.Path, 0) ||
			strings.HasPrefix(dir, warden.SecretsDir+"/") || f.Mode > 0o777 || seen[f.Path] {
			return fmt.Errorf("a file cannot be at %q: %w", f.Path, errdefs.ErrInvalidArgument)
		}
		seen[f.Path] = true
	}
	if n := len(files); n == 0 || n > maxFiles || size > maxFileBytes {
		return fmt.Errorf("%d files of %d bytes; at least one, at most %d and %d: %w", n, size, maxFiles, maxFileBytes, errdefs.ErrInvalidArgument)
	}
	return nil
}

// Files gives a job that was created with AnnotationFiles its files, once,
// before it is started.
func (s *Sandbox) Files(files Given) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job == nil || s.job.files == nil || s.status != Created || s.starting.Load() {
		return fmt.Errorf("sandbox %s does not wait for files: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	return s.job.files.give(files)
}
