package sandbox

import (
	"encoding/json"
	"os"

	"golang.org/x/sys/unix"

	"glovebox/shim/cgroup"
	"glovebox/shim/seen"
	"glovebox/shim/warden"
)

// Report is what the shim writes to the file named by AnnotationReport. It
// lets the agent tell a job that failed from one that was stopped by a limit.
type Report struct {
	// ExitStatus is the code, or 128 + the signal, as a shell has it.
	ExitStatus uint32 `json:"exitStatus"`
	// Killed says that the sandbox was ended from outside (by Kill, at its task
	// or scratch limit, by the kernel for want of memory, or with its shim).
	Killed bool `json:"killed,omitempty"`
	// Crashed says that gVisor itself failed; ExitStatus is 255 then.
	Crashed bool `json:"crashed,omitempty"`
	// OOMKills counts processes the kernel killed for want of memory.
	OOMKills uint64 `json:"oomKills,omitempty"`
	// TasksDenied counts clones refused at the task limit (at most 1024). The
	// first one ends the sandbox.
	TasksDenied int64 `json:"tasksDenied,omitempty"`
	// HostTasksDenied counts forks refused by the host's backstop.
	HostTasksDenied uint64 `json:"hostTasksDenied,omitempty"`
	// TimedOut says that the time of AnnotationTimeout was over while nobody
	// attended, and that the sandbox was ended for it.
	TimedOut bool `json:"timedOut,omitempty"`
	// ScratchFull is "bytes" or "inodes" if the job has used up its scratch
	// layer, /tmp included, which ends the sandbox.
	ScratchFull string `json:"scratchFull,omitempty"`
	// ScratchBytes is the most the scratch layer was seen to hold.
	ScratchBytes int64 `json:"scratchBytes,omitempty"`
	// Left is what there is under warden.OutDir: LeftNothing, LeftKept, which
	// Collect hands over until Delete, or empty if that is lost with the sandbox.
	Left string `json:"left,omitempty"`
	// MemoryPeakBytes and CPUNanos cover gVisor and job together.
	MemoryPeakBytes uint64 `json:"memoryPeakBytes"`
	CPUNanos        uint64 `json:"cpuNanos"`
	// Watch is what the job was seen to do, if AnnotationWatch asks for it.
	Watch *seen.Report `json:"watch,omitempty"`
}

// Values of Report.Left.
const (
	LeftNothing = "nothing"
	LeftKept    = "kept"
)

// newReport puts together how the sandbox ended: with ws, after it had told of
// the job's own end if told is not nil.
func newReport(ws unix.WaitStatus, told *unix.WaitStatus, n warden.Notes, c cgroup.Counters) Report {
	r := Report{
		ExitStatus:      shellStatus(ws),
		OOMKills:        c.OOMKills,
		TasksDenied:     n.Denied,
		HostTasksDenied: c.TasksMax,
		ScratchFull:     n.Full,
		MemoryPeakBytes: c.MemoryPeak,
		CPUNanos:        c.CPU,
	}
	switch {
	case n.Limited():
		// It was being ended for that, and what it made of it meanwhile is an
		// accident of time.
		r.Killed, r.ExitStatus = true, 128+uint32(unix.SIGKILL)
	case told != nil:
		r.ExitStatus = shellStatus(*told)
		if n.Left == warden.LeftNothing {
			r.Left = LeftNothing
		}
	case ws.Signaled() && ws.Signal() == unix.SIGKILL:
		r.Killed = true
	default:
		// The sentry ended by itself without telling the job's status, so the
		// code is its own, and looking like one of the job's is an accident.
		r.Crashed, r.ExitStatus = true, crashedStatus
	}
	return r
}

// write puts the report at path in one step; an empty path means nobody asked.
func (r Report) write(path string) error {
	if path == "" {
		return nil
	}
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", append(data, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}
