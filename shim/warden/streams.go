package warden

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
)

// A trace session brings one host file for each of its sinks. Three sinks that
// do nothing else bring the standard streams for a process that waits.

const (
	streamSink = "glovebox-stream"
	keyStream  = "stream"
	keyFile    = "file"
)

func init() {
	seccheck.RegisterSink(seccheck.SinkDesc{Name: streamSink, Setup: giveStream, New: takeStream})
}

// streamSinks name the files by their descriptors in this process, the shim.
func streamSinks(stdio [3]*os.File) []seccheck.SinkConfig {
	var sinks []seccheck.SinkConfig
	for n, f := range stdio {
		if f == nil {
			continue // it keeps the one it has
		}
		sinks = append(sinks, seccheck.SinkConfig{
			Name: streamSink, Config: map[string]any{keyStream: n, keyFile: int(f.Fd())},
		})
	}
	return sinks
}

// giveStream runs in the shim.
func giveStream(config map[string]any) (*os.File, error) { return duplicate(config[keyFile]) }

// duplicate is another handle on a file of this process, which the caller
// closes.
func duplicate(descriptor any) (*os.File, error) {
	fd, ok := descriptor.(int)
	if !ok {
		return nil, fmt.Errorf("%v is no descriptor", descriptor)
	}
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(dup), "given"), nil
}

// streams are those that have arrived in this sentry, by number.
var streams = map[int]*fd.FD{}

// takeStream runs in the sentry; sessions are made one after the other.
func takeStream(config map[string]any, file *fd.FD) (seccheck.Sink, error) {
	n, ok := config[keyStream].(float64)
	if !ok || n < 0 || n > 2 || file == nil || file.FD() < 0 {
		return nil, fmt.Errorf("%s: no stream", streamSink)
	}
	streams[int(n)] = file
	return stream{}, nil
}

// closeStreams lets go of those that nothing in the sandbox has taken for its
// own, so that who is at their other ends sees the end.
func closeStreams() {
	for _, f := range streams {
		_ = f.Close()
	}
}

type stream struct{ seccheck.SinkDefaults }

// Name implements seccheck.Sink.
func (stream) Name() string { return streamSink }
