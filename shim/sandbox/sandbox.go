package sandbox

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"gvisor.dev/gvisor/pkg/urpc"
	"gvisor.dev/gvisor/runsc/config"
	"gvisor.dev/gvisor/runsc/container"
	"gvisor.dev/gvisor/runsc/sandbox"

	"glovebox/shim/cgroup"
	"glovebox/shim/stdio"
	"glovebox/shim/warden"
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

	host      *Host
	log       *slog.Logger
	dir       string
	record    record
	limits    cgroup.Limits
	group     *cgroup.Group
	streams   *stdio.Streams
	notes     *warden.Reader
	report    string // path, may be empty
	conf      *config.Config
	spec      *specs.Spec
	proc      *process
	filestore *filestore       // nil without a scratch layer
	sentry    *sandbox.Sandbox // for calls that must not wait for containerMu

	// containerMu is held around gVisor's container, which is not safe for
	// concurrent use. Killing does not need it.
	containerMu sync.Mutex
	starting    atomic.Bool // set for good by the first Start
	container   *container.Container

	mu       sync.Mutex // guards what follows; never held while waiting
	status   Status
	exit     Exit
	deadline deadline
	done     chan struct{} // closed when exit is set
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
	if status, _ := s.Status(); status != Created {
		return fmt.Errorf("sandbox %s has been started already: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	if err := s.group.ApplyQuota(s.limits); err != nil {
		return fmt.Errorf("set the CPU quota: %w", err)
	}
	if s.starting.Swap(true) {
		return fmt.Errorf("sandbox %s is being started already: %w", s.ID, errdefs.ErrFailedPrecondition)
	}
	// Once for each command that may have run: whoever wants to know counts
	// these lines.
	s.log.Info("starting the command", "id", s.ID)
	began := time.Now()
	s.containerMu.Lock()
	err := s.container.Start(s.conf)
	s.containerMu.Unlock()
	if err != nil && !s.endedMeanwhile(err) {
		_ = s.proc.kill()
		<-s.done
		return startError(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == Created {
		s.status = Running
		s.deadline.at = began.Add(s.deadline.timeout)
	}
	return nil
}

// endedMeanwhile recognises a job that was over before the sentry's answer got
// out: the connection broke, and the sentry has left the job's status.
func (s *Sandbox) endedMeanwhile(err error) bool {
	var answer urpc.RemoteError
	if errors.As(err, &answer) {
		return false // the sentry lives, and says no
	}
	select {
	case <-s.done:
		return s.notes.Result().Exited
	case <-time.After(time.Second):
		return false
	}
}

// StdioPaths are the pipes of the job's standard streams, as requested.
func (s *Sandbox) StdioPaths() stdio.Paths { return s.streams.Paths() }

// CloseInput lets the job see the end of its standard input.
func (s *Sandbox) CloseInput() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams.CloseInput()
}

// Delete removes every trace of the sandbox, killing it first if it has not
// been started. It may be called again after it failed.
func (s *Sandbox) Delete() (Exit, error) {
	status, _ := s.Status()
	switch status {
	case Running, Paused:
		return Exit{}, fmt.Errorf("sandbox %s is running: %w", s.ID, errdefs.ErrFailedPrecondition)
	case Created:
		_ = s.proc.kill()
	}
	<-s.done
	_, exit := s.Status()
	if err := s.destroyContainer(); err != nil {
		return exit, fmt.Errorf("destroy the container: %w", err)
	}
	s.mu.Lock()
	s.streams.Close()
	s.mu.Unlock()
	if err := removeLeftover(s.dir); err != nil {
		return exit, fmt.Errorf("remove sandbox %s: %w", s.ID, err)
	}
	return exit, nil
}

func (s *Sandbox) destroyContainer() error {
	s.containerMu.Lock()
	defer s.containerMu.Unlock()
	if s.container == nil {
		return nil
	}
	if err := s.container.Destroy(); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	s.container = nil
	return nil
}
