// Package warden is our eye and hand inside a sandbox. It runs in the sentry.
// It makes the sandbox the job's: its host name, how much memory and how many
// processors it shows. It bounds the number of tasks (processes and threads) of
// the job, and it notes for the host what only the inside knows: how many
// clones were refused, and whether the scratch layer is full.
//
// The host cannot do this for gVisor. Its pids controller counts the sentry's
// own threads and its stub processes, and when the sentry cannot make a thread
// it crashes, which ends the job with a meaningless status.
//
// gVisor offers a place to refuse a clone: a trace sink. A trace session can be
// made in a sandbox that runs, so ours is made when a job is bound to one, and
// carries all that is the job's own. A stock runsc does not know the sink and
// refuses the session, so the limit cannot be lost silently.
package warden

import (
	"os"

	"gvisor.dev/gvisor/pkg/sentry/seccheck"
)

const (
	sinkName = "glovebox-warden"

	// Keys of the sink's configuration.
	keyTasks    = "tasks"
	keyMemory   = "memory"
	keyCPUs     = "cpus"
	keyHostname = "hostname"
	keyScratch  = "scratch"
	keyNotes    = "notes"
	keyProcess  = "process"
	keyFiles    = "files"
	keyRestored = "restored"
)

// Job is what a sandbox has to know of the job that it is bound to.
type Job struct {
	// Tasks is the most it may have at one time; zero bounds nothing.
	Tasks int64
	// Memory is what the job is shown, in bytes; zero: the host's.
	Memory int64
	// CPUs is how many processors it is shown; zero: the host's.
	CPUs int
	// Hostname may be empty.
	Hostname string
	// Scratch says that its root has a writable layer with caps.
	Scratch bool
	// Process is the container whose first process becomes the job's, which
	// waits for that; empty if the job is going to be a container of its own.
	Process string
	// Stdio are then the job's standard streams, as host files.
	Stdio [3]*os.File
	// Files are then written into its root, where they exist: path to content.
	Files map[string]string
	// Restored, if not empty, says that the process came with a snapshot and
	// does not run yet. It keeps the streams that Stdio has nil for. The text is
	// left for it in RestoredFile.
	Restored string
	// Watch is what is noted of what it does.
	Watch Watch
	// Late are files that its root gets before it runs; nil if there are none.
	Late *FileMemory
}

// session is the trace session that binds a sandbox to a job.
func session(notes *Reader, j Job) *seccheck.SessionConfig {
	conf := &seccheck.SessionConfig{
		Name: seccheck.DefaultSessionName,
		Points: []seccheck.PointConfig{
			{Name: "sentry/clone"},
			{Name: "sentry/task_exit"},
		},
	}
	if j.Process != "" {
		conf.Sinks = streamSinks(j.Stdio) // before the sink that uses them
	}
	j.Watch.addTo(conf) // before it, too
	j.Late.addTo(conf, j.Process == "")
	conf.Sinks = append(conf.Sinks, seccheck.SinkConfig{
		Name: sinkName,
		Config: map[string]any{
			keyTasks: j.Tasks, keyMemory: j.Memory, keyCPUs: j.CPUs, keyHostname: j.Hostname,
			keyScratch: j.Scratch, keyNotes: notes.give,
			keyProcess: j.Process, keyFiles: j.Files, keyRestored: j.Restored,
		},
	})
	return conf
}

// Sentry makes trace sessions in a sandbox.
type Sentry interface {
	CreateTraceSession(config *seccheck.SessionConfig, force bool) error
}

// Bind makes a sandbox the job's, and gives it what notes collects.
func Bind(s Sentry, notes *Reader, j Job) error {
	defer notes.given()
	return s.CreateTraceSession(session(notes, j), false)
}

// parseJob reads a sink's configuration in the sentry, where it arrives as
// decoded JSON.
func parseJob(config map[string]any) (j Job, ok bool) {
	tasks, ok1 := config[keyTasks].(float64)
	memory, ok2 := config[keyMemory].(float64)
	cpus, ok3 := config[keyCPUs].(float64)
	hostname, ok4 := config[keyHostname].(string)
	scratch, ok5 := config[keyScratch].(bool)
	process, ok6 := config[keyProcess].(string)
	files, ok7 := texts(config[keyFiles])
	restored, ok8 := config[keyRestored].(string)
	j = Job{Process: process, Files: files, Restored: restored, Tasks: int64(tasks), Memory: int64(memory), CPUs: int(cpus), Hostname: hostname, Scratch: scratch}
	return j, ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7 && ok8 && j.Tasks >= 0 && j.Memory >= 0 && j.CPUs >= 0
}

// texts reads an object of strings; null is empty.
func texts(value any) (map[string]string, bool) {
	if value == nil {
		return nil, true
	}
	object, ok := value.(map[string]any)
	all := make(map[string]string, len(object))
	for k, v := range object {
		text, isText := v.(string)
		all[k], ok = text, ok && isText
	}
	return all, ok
}
