package sandbox

import (
	"fmt"
	"os"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/cgroup"
	"glovebox/shim/stdio"
	"glovebox/shim/warden"
)

// job is what a sandbox has once it is bound to a job.
type job struct {
	spec    *specs.Spec
	limits  cgroup.Limits
	streams *stdio.Streams
	notes   *warden.Reader
	root    rootfs
	report  string     // path, may be empty
	board   *os.File   // what it was seen to do; nil if it is not watched
	files   *lateFiles // nil if it gets none
}

// checkSpec refuses what a job cannot have.
func checkSpec(spec *specs.Spec) error {
	switch {
	case spec.Process == nil || spec.Root == nil || len(spec.Process.Args) == 0:
		return fmt.Errorf("the specification has no root, process or command: %w", errdefs.ErrInvalidArgument)
	case spec.Process.Terminal:
		return fmt.Errorf("terminals are not supported: %w", errdefs.ErrNotImplemented)
	case spec.Linux == nil || spec.Linux.CgroupsPath == "":
		return fmt.Errorf("the specification has no control group path: %w", errdefs.ErrInvalidArgument)
	}
	for _, m := range spec.Mounts {
		if specutils.HasMountConfig(m) {
			return fmt.Errorf("mount of %s at %s: nothing of the host's is mounted: %w", m.Source, m.Destination, errdefs.ErrNotImplemented)
		}
	}
	if err := checkFilesAnnotation(spec.Annotations[AnnotationFiles]); err != nil {
		return err
	}
	if err := checkWatch(spec.Annotations[AnnotationWatch]); err != nil {
		return err
	}
	_, err := parseTimeout(spec.Annotations[AnnotationTimeout])
	return err
}

// bind makes everything that is the job's own and can be made before it runs.
// The job is the sandbox's once all of it is there.
func (s *Sandbox) bind(spec *specs.Spec, pipes stdio.Paths, files Given) (err error) {
	j := &job{spec: spec, limits: cgroup.FromSpec(spec.Linux.Resources), report: spec.Annotations[AnnotationReport]}
	defer func() {
		if err != nil {
			j.close()
		}
	}()
	if err := s.group.Apply(j.limits); err != nil {
		return fmt.Errorf("set the limits: %w", s.restored.memoryError(err, j.limits))
	}
	if spec.Annotations[AnnotationStdin] == "none" {
		pipes.In = ""
	}
	if j.files, err = newLateFiles(spec.Annotations[AnnotationFiles], files); err != nil {
		return err
	}
	if s.interpreter != nil { // it gets them now
		if err := j.files.missing(); err != nil {
			return err
		}
	}
	if j.streams, err = stdio.Open(pipes); err != nil {
		return err
	}
	if s.restored != nil {
		err = s.restored.fit(j.spec, pipes)
	} else if s.interpreter != nil {
		err = s.interpreter.fit(j.spec)
	} else {
		j.root, err = s.prepareRoot(j.spec)
	}
	if err != nil {
		return err
	}
	if err := s.tellWarden(j); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return fmt.Errorf("sandbox %s has ended: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	s.deadline.timeout, _ = parseTimeout(spec.Annotations[AnnotationTimeout]) // checked
	s.job = j
	return nil
}

// readSpec has gVisor read a specification, which completes it.
func (s *Sandbox) readSpec(config []byte) (*specs.Spec, error) {
	f, err := memoryFile("specification")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Write(config); err != nil {
		return nil, err
	}
	spec, err := specutils.ReadSpecFromFile(s.dir, f, s.conf)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return spec, nil
}

// tellWarden has the sandbox's inside become the job's.
func (s *Sandbox) tellWarden(j *job) (err error) {
	about := warden.Job{
		Tasks: j.limits.Tasks, Memory: j.limits.Memory, CPUs: shownCPUs(j.limits),
		Hostname: j.spec.Hostname, Scratch: j.root.scratch != nil,
	}
	if i := s.interpreter; i != nil {
		about.Process, about.Stdio, about.Scratch = jobID, [3]*os.File(j.stdios()), i.root.scratch != nil
		if about.Files, err = i.names(j.spec.Hostname); err != nil {
			return err
		}
	}
	if s.restored != nil {
		if err := s.restored.about(j, &about); err != nil {
			return err
		}
		defer s.restored.bound()
	}
	if about.Watch, err = newBoard(j.spec.Annotations[AnnotationWatch]); err != nil {
		return err
	}
	j.board = about.Watch.Board
	about.Late = j.files.fileMemory()
	notes, err := warden.Listen()
	if err != nil {
		return err
	}
	if err := warden.Bind(s.calls, notes, about); err != nil {
		notes.Close()
		if s.restored != nil {
			err = bindError(err)
		}
		return fmt.Errorf("bind the sandbox to its job: %w", err)
	}
	if s.interpreter != nil {
		if err := j.files.placed(); err != nil {
			notes.Close()
			return err
		}
	}
	j.notes = notes
	go notes.Collect(s.endForLimit)
	return nil
}

// stdios are the job's ends of its standard streams.
func (j *job) stdios() []*os.File {
	guest := j.streams.Guest()
	return []*os.File{guest[0], guest[1], guest[2]}
}

// scratchUsed is how much of the scratch layer was used.
func (s *Sandbox) scratchUsed(j *job, told warden.Notes) int64 {
	if j == nil {
		return 0
	}
	scratch := j.root.scratch
	if s.interpreter != nil {
		scratch = s.interpreter.root.scratch
	}
	return max(told.Scratch, scratch.used())
}

// close lets go of what the host has of the job.
func (j *job) close() {
	if j == nil {
		return
	}
	if j.notes != nil {
		j.notes.Close()
	}
	if j.board != nil {
		j.board.Close()
	}
	j.files.close()
	if j.streams != nil {
		j.streams.Close()
	}
	j.root.close()
}

func (s *Sandbox) getJob() *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.job
}
