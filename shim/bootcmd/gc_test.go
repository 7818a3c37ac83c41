package bootcmd

import (
	"errors"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
)

func gcPercent() uint64 {
	sample := []metrics.Sample{{Name: "/gc/gogc:percent"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// The collector stays as it was at boot until a job is bound, however long that
// takes, and is the normal one soon after.
func TestGCSettlesOnceBound(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	const name = "test-sink"
	passed := errors.New("passed on")
	seccheck.RegisterSink(seccheck.SinkDesc{Name: name, New: func(map[string]any, *fd.FD) (seccheck.Sink, error) { return nil, passed }})
	defer delete(seccheck.Sinks, name)
	settleGC(0)
	if now := gcPercent(); now != 400 {
		t.Fatalf("before: %d", now)
	}
	if _, err := seccheck.Sinks[name].New(nil, nil); !errors.Is(err, passed) {
		t.Error(err)
	}
	for end := time.Now().Add(5 * time.Second); gcPercent() != 100; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("after: %d", gcPercent())
		}
	}
}
