// Package warden is our eye and hand inside a sandbox. It runs in the sentry
// and does two things: it bounds the number of tasks (processes and threads)
// of the job, and it notes for the host what only the inside knows: how many
// clones were refused, whether the scratch layer is full, and with which status
// the job really ended.
//
// The host cannot do this for gVisor. Its pids controller counts the
// sentry's own threads and its stub processes, and when the sentry cannot make
// a thread it crashes, which ends the job with a meaningless status; and the
// exit code of a crashed sentry looks like one of the job's.
//
// gVisor offers a place to refuse a clone: a trace sink. Ours is configured
// through the stock --pod-init-config file, so the same few lines run in the
// shim (which opens the notes' pipe) and in the sentry (which counts). A stock
// runsc does not know the sink and refuses to start, so the limit cannot be
// lost silently.
package warden

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
	"gvisor.dev/gvisor/runsc/boot"
)

const (
	sinkName = "glovebox-warden"

	// Keys of the sink's configuration.
	keyLimit = "limit"
	keyNotes = "notes"

	// Names in the sandbox's state directory.
	configFile = "warden.json"
	notesPipe  = "notes"
)

// Prepare makes in dir what a sandbox of at most limit tasks needs, and
// returns the path of gVisor's init configuration. A limit of zero bounds
// nothing.
func Prepare(dir string, limit int64) (config string, err error) {
	notes := filepath.Join(dir, notesPipe)
	if err := unix.Mkfifo(notes, 0o600); err != nil {
		return "", &os.PathError{Op: "mkfifo", Path: notes, Err: err}
	}
	conf := boot.InitConfig{TraceSession: seccheck.SessionConfig{
		Name: seccheck.DefaultSessionName,
		Points: []seccheck.PointConfig{
			{Name: "sentry/clone"},
			{Name: "sentry/task_exit"},
		},
		Sinks: []seccheck.SinkConfig{{
			Name:   sinkName,
			Config: map[string]any{keyLimit: limit, keyNotes: notes},
		}},
	}}
	data, err := json.Marshal(conf)
	if err != nil {
		return "", err
	}
	config = filepath.Join(dir, configFile)
	return config, errors.Join(err, os.WriteFile(config, data, 0o600))
}
