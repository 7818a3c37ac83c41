package sandbox

import (
	"time"

	"golang.org/x/sys/unix"

	"glovebox/shim/cgroup"
	"glovebox/shim/warden"
)

// crashedStatus is the exit status of a job whose sandbox crashed: no status
// of the job's own exists.
const crashedStatus = 255

// reap waits for gVisor's end and makes it known, unless the job's end was
// before.
func (s *Sandbox) reap() {
	if err := s.proc.wait(); err != nil {
		s.log.Error("waiting for the sandbox failed; killing it", "error", err)
		_ = s.proc.kill()
	}
	ws, err := s.proc.reap()
	if err != nil {
		s.log.Error("reaping the sandbox failed", "error", err)
	}
	s.mu.Lock()
	s.ending = true // a job that is being bound is not any more
	j := s.job
	s.mu.Unlock()
	s.settled.Do(func() {
		var notes warden.Notes
		if j != nil {
			notes = j.notes.Result()
		}
		s.settle(j, ws, notes, false)
	})
	close(s.gone)
}

// settle makes the job's end known: first the report, then the end of the
// output, then whoever waits. What the job has left is kept if gVisor lives on.
func (s *Sandbox) settle(j *job, ws unix.WaitStatus, notes warden.Notes, kept bool) {
	counters, err := s.group.Counters()
	if err != nil {
		s.log.Warn("reading the last counters failed", "error", err)
	}
	r := newReport(ws, s.toldStatus(), notes, counters)
	r.Killed = r.Killed || s.killed.Load() && r.ExitStatus == 128+uint32(unix.SIGKILL)
	if kept {
		r.Left = LeftKept
	}
	r.TimedOut = s.timedOut()
	r.ScratchBytes = s.scratchUsed(j, notes)
	exit := Exit{Status: r.ExitStatus, At: time.Now()}
	if j != nil {
		if r.Watch, err = readBoard(j.board); err != nil {
			s.log.Warn("reading what the job was seen to do failed", "error", err)
		}
		if err := r.write(j.report); err != nil {
			s.log.Error("writing the report failed", "error", err)
		}
	}
	s.mu.Lock()
	if j != nil {
		j.streams.Ended()
	}
	s.status, s.exit, s.left = Stopped, exit, r.Left
	s.mu.Unlock()
	close(s.done)
	s.log.Debug("sandbox ended", "status", exit.Status, "crashed", r.Crashed, "oomKills", r.OOMKills, "tasksDenied", r.TasksDenied, "left", r.Left)
}

// toldStatus is the job's own status, if the sentry told it.
func (s *Sandbox) toldStatus() *unix.WaitStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// shellStatus is a wait status as a shell shows it.
func shellStatus(ws unix.WaitStatus) uint32 {
	if ws.Signaled() {
		return 128 + uint32(ws.Signal())
	}
	return uint32(ws.ExitStatus())
}

// Counters of the sandbox's control group, until Delete.
func (s *Sandbox) Counters() (cgroup.Counters, error) { return s.group.Counters() }

// Unified says whether they are of cgroup v2.
func (s *Sandbox) Unified() bool { return s.group.Unified() }
