package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"gvisor.dev/gvisor/pkg/state/statefile"
	"gvisor.dev/gvisor/runsc/sandbox"
)

// closePatience is how long the sentry may take to close what it has written.
const closePatience = 2 * time.Second

// Save writes the running sandbox into a folder, which must be absolute, exist
// and be empty: memory, files of the scratch layer, processes. The job goes on,
// unless end is set: then it does not run another instruction and is killed.
// After an error the folder is empty again and the job goes on in any case.
//
// Errors: InvalidArgument (the folder), FailedPrecondition (the job does not
// run, or is being saved), ResourceExhausted (no space), Aborted (gVisor cannot
// save it, or it ended meanwhile).
func (s *Sandbox) Save(dir string, end bool) (err error) {
	if err := checkEmpty(dir); err != nil {
		return err
	}
	s.mu.Lock()
	j, running := s.job, s.status == Running
	s.mu.Unlock()
	if j != nil && j.files != nil {
		return fmt.Errorf("sandbox %s has files that are kept off the disk: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	if !running || !s.saving.CompareAndSwap(false, true) {
		return fmt.Errorf("sandbox %s is not running, or is being saved already: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	defer s.saving.Store(false)
	defer func() {
		if err != nil {
			err = errors.Join(saveError(err), removeSnapshot(dir))
		}
	}()
	if end {
		// One that is stopped when it is saved stays so after it.
		if err := s.sentry.Pause(jobID); err != nil {
			return err
		}
		defer func() {
			if err == nil {
				err = s.proc.kill()
			} else {
				_ = s.sentry.Resume(jobID)
			}
		}()
	}
	err = s.sentry.Checkpoint(s.conf, s.ID, dir, sandbox.CheckpointOpts{
		Compression: statefile.CompressionLevelNone, Resume: true, ExcludeCommittedZeroPages: true,
	})
	if err != nil {
		return err
	}
	n, err := s.describe(j, dir)
	if err != nil {
		return err
	}
	return n.write(dir)
}

func checkEmpty(dir string) error {
	if !filepath.IsAbs(dir) {
		return fmt.Errorf("path %q is not absolute: %w", dir, errdefs.ErrInvalidArgument)
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty", dir)
	}
	if err != nil {
		return fmt.Errorf("path: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	return nil
}

// describe completes what gVisor has written.
func (s *Sandbox) describe(j *job, dir string) (n Snapshot, err error) {
	root, spec := j.root, j.spec
	if i := s.interpreter; i != nil {
		root, spec = i.root, i.spec
	}
	image, err := root.image.Stat()
	if err != nil {
		return n, err
	}
	layer, err := ParseScratch(spec.Annotations[AnnotationScratch])
	if err != nil {
		return n, err
	}
	n = Snapshot{
		Format: snapshotFormat, Spec: spec, Files: map[string]SnapshotPart{},
		Image: filepath.Base(root.image.Name()), ImageBytes: image.Size(),
		ScratchBytes: layer.Size, ScratchInodes: layer.Inodes,
		Stdio: kinds(j.streams.Paths().In, j.streams.Paths().Out, j.streams.Paths().Err),
	}
	if s.restored != nil {
		n.Spec, n.Stdio = s.restored.from.Spec, s.restored.from.Stdio
	}
	n.GVisor, n.Shim = versions()
	for _, name := range stateFiles {
		path := filepath.Join(dir, name)
		if err := os.Chmod(path, 0o400); err != nil {
			return n, err
		}
		for end := time.Now().Add(closePatience); ; time.Sleep(time.Millisecond) {
			if err = nobodyWrites(path); err == nil || time.Now().After(end) {
				break
			}
		}
		if err != nil {
			return n, err
		}
		if n.Files[name], err = measure(path); err != nil {
			return n, err
		}
	}
	return n, nil
}

func kinds(paths ...string) (all [3]string) {
	for i, path := range paths {
		all[i] = streamPipe
		if path == "" {
			all[i] = streamNull
		}
	}
	return all
}

// saveError gives an error of saving its kind.
func saveError(err error) error {
	if strings.Contains(err.Error(), "no space left on device") {
		return fmt.Errorf("save the sandbox: %w: %w", err, errdefs.ErrResourceExhausted)
	}
	return fmt.Errorf("save the sandbox: %w: %w", err, errdefs.ErrAborted)
}
