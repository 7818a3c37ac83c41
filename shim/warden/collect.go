package warden

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
)

// What a job has left is asked for by another trace session, in place of the
// one that bound the sandbox to it: with the job's last task that has nothing
// more to do. It brings a pipe, and the answer goes in there.

const (
	collectSink = "glovebox-collect"
	keyPipe     = "pipe"
)

func init() {
	seccheck.RegisterSink(seccheck.SinkDesc{Name: collectSink, Setup: givePipe, New: startCollect})
}

// Collect has a sandbox whose job is over write what that has left into a pipe,
// as package leftover reads it. It returns at once.
func Collect(s Sentry, to *os.File) error {
	return s.CreateTraceSession(&seccheck.SessionConfig{
		Name:  seccheck.DefaultSessionName,
		Sinks: []seccheck.SinkConfig{{Name: collectSink, Config: map[string]any{keyPipe: int(to.Fd())}}},
	}, true)
}

// givePipe runs in the shim.
func givePipe(config map[string]any) (*os.File, error) { return duplicate(config[keyPipe]) }

// kept is what the job of this sentry leaves.
var kept *leavings

// startCollect runs in the sentry. Who reads may be slow, or never read.
func startCollect(_ map[string]any, to *fd.FD) (seccheck.Sink, error) {
	if to == nil || to.FD() < 0 {
		return nil, errors.New(collectSink + ": no pipe")
	}
	l := kept
	if l == nil {
		return nil, errors.New(collectSink + ": the sandbox has no job")
	}
	l.mu.Lock()
	ready := l.over && l.k != nil
	l.mu.Unlock()
	if !ready {
		return nil, errors.New(collectSink + ": the job is not over, or has left nothing")
	}
	pipe := to.Release()
	go func() {
		defer unix.Close(pipe)
		w := newRecords(pipe)
		left, err := l.walk(w)
		if err != nil {
			w.failed(fmt.Sprint(err))
			return
		}
		w.done(left)
	}()
	return collector{}, nil
}

type collector struct{ seccheck.SinkDefaults }

// Name implements seccheck.Sink.
func (collector) Name() string { return collectSink }
