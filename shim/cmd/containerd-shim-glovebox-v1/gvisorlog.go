package main

import (
	"fmt"
	"log/slog"
	"time"

	glog "gvisor.dev/gvisor/pkg/log"
)

// emitter passes what gVisor's packages log in this process to our logger.
// Their warnings are about normal events (a sandbox that has just ended), so
// all of it is debug output.
type emitter struct{ log *slog.Logger }

func (e emitter) Emit(_ int, level glog.Level, _ time.Time, format string, args ...any) {
	e.log.Debug(fmt.Sprintf(format, args...), "from", "gvisor", "level", level.String())
}

// silent spares formatting what nobody reads.
type silent struct{}

func (silent) Emit(int, glog.Level, time.Time, string, ...any) {}

func routeGvisorLog(log *slog.Logger, debug bool) {
	if debug {
		glog.SetTarget(emitter{log})
		return
	}
	glog.SetLevel(glog.Warning)
	glog.SetTarget(silent{})
}
