package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/urpc"
	"gvisor.dev/gvisor/runsc/config"
	"gvisor.dev/gvisor/runsc/sandbox"

	"glovebox/shim/cgroup"
	"glovebox/shim/stdio"
)

// Status is where a sandbox is in its life.
type Status int

const (
	Created Status = iota
	Running
	Paused
	Stopped
)

// Exit tells how a sandbox ended.
type Exit struct {
	Status uint32 // as a shell has it: the code, or 128 + the signal
	At     time.Time
}

// Sandbox is one job's sandbox. Its methods may be called concurrently, and
// none of them waits for the sentry without a way out: Kill always works.
type Sandbox struct {
	Namespace, ID, Bundle string

	host   *Host
	log    *slog.Logger
	dir    string
	record record
	group  *cgroup.Group
	conf   *config.Config
	proc   *process
	sentry *sandbox.Sandbox // only its calls are used, which may be made at once
	base   *specs.Spec      // of the root container
	calls  *calls
	// interpreter runs and waits for its script, or is nil.
	interpreter *interpreter
	// restored is what came with a snapshot, or nil; interpreter is its part then.
	restored *restored

	starting atomic.Bool // set for good by the first Start
	saving   atomic.Bool
	killed   atomic.Bool // it was asked to be
	settled  sync.Once   // how the job ended

	mu       sync.Mutex // guards what follows; never held while waiting
	parked   bool       // booted, and nobody's
	job      *job       // nil until it is bound to one
	ending   bool       // gVisor has ended
	status   Status
	exit     Exit
	ended    *unix.WaitStatus // the job's own, if the sentry told
	left     string           // as in Report, once Stopped
	deadline deadline
	done     chan struct{} // closed when exit is set
	gone     chan struct{} // closed when gVisor has ended as well; see leave
}

// PID is the host's id of the sentry.
func (s *Sandbox) PID() int { return s.proc.pid }

// Done is closed when the sandbox has ended.
func (s *Sandbox) Done() <-chan struct{} { return s.done }

// Status tells the state, and the exit if that is Stopped.
func (s *Sandbox) Status() (Status, Exit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status, s.exit
}

// Start lets the job run. The CPU quota counts from here: booting gVisor is
// not the job's work. Errors are of a kind that says what was wrong with the
// job; the sandbox has ended then.
func (s *Sandbox) Start() error {
	s.mu.Lock()
	status, parked, j := s.status, s.parked, s.job
	lacking := j.lacks()
	s.mu.Unlock()
	switch {
	case parked || j == nil:
		return fmt.Errorf("sandbox %s has no job: %w", s.ID, errdefs.ErrFailedPrecondition)
	case status != Created:
		return fmt.Errorf("sandbox %s has been started already: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	if lacking != nil {
		return lacking
	}
	if s.starting.Swap(true) {
		return fmt.Errorf("sandbox %s is being started already: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	if err := s.group.ApplyQuota(j.limits); err != nil {
		return fmt.Errorf("set the CPU quota: %w", err)
	}
	// Once for each command that may have run: whoever wants to know counts
	// these lines. The host name is what tells the job of a sandbox that was
	// parked under another name.
	s.log.Info("starting the command", "id", s.ID, "hostname", j.spec.Hostname)
	began := time.Now()
	err := s.run(j)
	if err != nil && !s.endedMeanwhile(j, err) {
		_ = s.proc.kill()
		<-s.done
		return startError(err)
	}
	go s.follow(j)
	s.mu.Lock()
	defer s.mu.Unlock()
	j.streams.Given() // gVisor has them
	if s.status == Created {
		s.status = Running
		s.deadline.at = began.Add(s.deadline.timeout)
	}
	return nil
}

// run has the job's first instruction executed.
func (s *Sandbox) run(j *job) error {
	if s.restored != nil {
		return s.sentry.Resume(jobID)
	}
	if s.interpreter != nil {
		return s.interpreter.run(j.spec)
	}
	err := s.startJob(j.spec, j.stdios(), j.root)
	if err == nil {
		err = j.files.placed() // or it was killed before its first instruction
	}
	return err
}

// endedMeanwhile recognises a job that met a limit, and was ended for it,
// before the sentry's answer got out.
func (s *Sandbox) endedMeanwhile(j *job, err error) bool {
	var answer urpc.RemoteError
	if errors.As(err, &answer) {
		return false // the sentry lives, and says no
	}
	select {
	case <-s.done:
		return j.notes.Result().Limited()
	case <-time.After(time.Second):
		return false
	}
}

// follow waits for the job's end, which is the sandbox's. If nothing in it is
// wanted any more, it is killed rather than asked to go.
func (s *Sandbox) follow(j *job) {
	ws, err := s.sentry.Wait(jobID)
	if err != nil {
		return // the sandbox was ended from outside, or crashed: reap tells
	}
	s.mu.Lock()
	s.ended = &ws
	s.mu.Unlock()
	if !s.leave(j) {
		_ = s.proc.kill()
	}
}

// StdioPaths are the pipes of the job's standard streams, as requested.
func (s *Sandbox) StdioPaths() stdio.Paths {
	if j := s.getJob(); j != nil {
		return j.streams.Paths()
	}
	return stdio.Paths{}
}

// CloseInput lets the job see the end of its standard input.
func (s *Sandbox) CloseInput() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.job != nil {
		s.job.streams.CloseInput()
	}
}

// Delete removes every trace of the sandbox, killing it first if it has not
// been started. It may be called again after it failed.
func (s *Sandbox) Delete() (Exit, error) {
	status, _ := s.Status()
	switch status {
	case Running, Paused:
		return Exit{}, fmt.Errorf("sandbox %s is running: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	_ = s.proc.kill() // it may not have been started, or be there for what its job left
	<-s.gone
	_, exit := s.Status()
	s.closeAll()
	if err := removeLeftover(s.dir); err != nil {
		return exit, fmt.Errorf("remove sandbox %s: %w", s.ID, err)
	}
	return exit, nil
}

// closeAll lets go of what the host has of the sandbox, which has ended.
func (s *Sandbox) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.close()
	s.interpreter.close()
	s.restored.close()
	s.job.close()
}
