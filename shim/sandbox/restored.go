package sandbox

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/sentry/state/checkpointfiles"
	"gvisor.dev/gvisor/runsc/specutils"

	"glovebox/shim/cgroup"
	"glovebox/shim/stdio"
	"glovebox/shim/warden"
)

// restoreTime is how long restoring may take: some 10 GB from a slow disk.
const restoreTime = 2 * time.Minute

// restored is a program that came into the sandbox with a snapshot, before
// there was a job. Like an interpreter it becomes the job, but it does not wait
// for it: it was stopped before it ran.
type restored struct {
	interpreter
	from Snapshot
	// The host's ends of what it has as standard streams until there is a job;
	// nil where it has none.
	input  *os.File
	output [2]*os.File
}

// restore fills a sandbox that was booted without starting anything. The
// specification is that of a job that the program could become.
func (s *Sandbox) restore(dir string, config []byte) error {
	from, err := ReadSnapshot(dir)
	if err != nil {
		return err
	}
	spec, err := s.readSpec(config)
	if err != nil {
		return err
	}
	r := &restored{interpreter: interpreter{spec: spec}, from: from}
	s.restored, s.interpreter = r, &r.interpreter // whatever comes of it, it is closed with the sandbox
	if r.root, err = s.prepareRoot(spec); err != nil {
		return err
	}
	if err := from.fits(spec, r.root.image); err != nil {
		return err
	}
	// Damage would not show, or as anything, such as waiting for ever. Reading
	// it all takes less time than restoring does.
	intact := make(chan error, 1)
	go func() {
		err := from.verify(dir)
		if err != nil {
			_ = s.proc.kill()
		}
		intact <- err
	}()
	late := time.AfterFunc(restoreTime, func() { _ = s.proc.kill() })
	defer late.Stop()
	err = s.load(r, dir)
	if damage := <-intact; damage != nil {
		return damage
	}
	if err != nil {
		return fmt.Errorf("restore the snapshot: %w: %w", err, errdefs.ErrFailedPrecondition)
	}
	return nil
}

// load has gVisor do it. The warden keeps the program from running until the
// sandbox is paused, which Start ends.
func (s *Sandbox) load(r *restored, dir string) error {
	guest, err := r.open()
	defer func() {
		for _, f := range guest {
			f.Close()
		}
	}()
	if err != nil {
		return err
	}
	if err := s.sentry.Restore(s.conf, s.base, s.ID, dir, false, false, nil); err != nil {
		return err
	}
	image, layers := r.root.files()
	err = s.sentry.RestoreSubcontainer(r.from.Spec, s.conf, jobID, guest, image, layers, nil,
		[]specutils.GoferMountConf{r.root.conf})
	if err != nil {
		return err
	}
	if err := s.sentry.WaitRestore(); err != nil {
		return err
	}
	if err := s.sentry.Pause(jobID); err != nil {
		return err
	}
	s.calls.close() // it led to the kernel from before
	s.calls, err = dial(s.sentry.ControlSocketPath)
	return err
}

// open makes streams of the kinds that the program was saved with.
func (r *restored) open() (guest []*os.File, err error) {
	for i, kind := range r.from.Stdio {
		if kind != streamPipe {
			null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
			if err != nil {
				return guest, err
			}
			guest = append(guest, null)
			continue
		}
		out, in, err := os.Pipe()
		if err != nil {
			return guest, err
		}
		if i == 0 {
			guest, r.input = append(guest, out), in
		} else {
			guest, r.output[i-1] = append(guest, in), out
		}
	}
	return guest, nil
}

// fit refuses a job that the program cannot become.
func (r *restored) fit(spec *specs.Spec, pipes stdio.Paths) error {
	if err := r.interpreter.fit(spec); err != nil {
		return err
	}
	for i, kind := range kinds(pipes.In, pipes.Out, pipes.Err) {
		if kind == streamPipe && r.from.Stdio[i] == streamNull {
			return fmt.Errorf("stream %d: the snapshot was taken of a job without one: %w", i, errdefs.ErrInvalidArgument)
		}
	}
	return nil
}

// memoryError gives the error of setting limits its kind: memory that is in use
// already cannot be taken back.
func (r *restored) memoryError(err error, l cgroup.Limits) error {
	if r == nil || !errors.Is(err, unix.EBUSY) {
		return err
	}
	return fmt.Errorf("linux.resources.memory.limit of %d is too little for the %d bytes in the snapshot: %w: %w",
		l.Memory, r.from.Files[checkpointfiles.PagesFileName].Bytes, err, errdefs.ErrInvalidArgument)
}

// about completes what the warden has to know.
func (r *restored) about(j *job, a *warden.Job) error {
	paths := j.streams.Paths()
	for i, kind := range kinds(paths.In, paths.Out, paths.Err) {
		if kind != streamPipe {
			a.Stdio[i] = nil
		}
	}
	p := j.spec.Process
	text, err := json.Marshal(struct {
		ID   string   `json:"id"`
		Args []string `json:"args"`
		Env  []string `json:"env"`
		Cwd  string   `json:"cwd"`
	}{rand.Text(), p.Args, p.Env, p.Cwd})
	a.Restored = string(text) + "\n"
	return err
}

// bindError gives the warden's error its kind.
func bindError(err error) error {
	if strings.Contains(err.Error(), warden.TooManyTasks) {
		return fmt.Errorf("linux.resources.pids.limit: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	return err
}

// bound lets go of the streams from before. What a job has no stream for
// reads as ended, and is thrown away.
func (r *restored) bound() {
	if r.input != nil {
		r.input.Close()
	}
	for i, f := range r.output {
		if f != nil {
			r.output[i] = nil
			go func() {
				defer f.Close()
				_, _ = io.Copy(io.Discard, f)
			}()
		}
	}
}

func (r *restored) close() {
	if r == nil {
		return
	}
	for _, f := range append(r.output[:], r.input) {
		if f != nil {
			f.Close()
		}
	}
	r.root.close()
}
