package bootcmd

import (
	"sync"
	_ "unsafe" // for go:linkname

	"gvisor.dev/gvisor/pkg/sentry/seccheck"
)

// pointsOnce guards gVisor's list of trace points.
//
//go:linkname pointsOnce gvisor.dev/gvisor/pkg/sentry/seccheck.initOnce
var pointsOnce sync.Once

// fewPoints makes gVisor's list of trace points without the two for each of
// hundreds of system calls, which take 3 ms to list and are for sessions that
// nobody configures here. A session that names a point or a field that is not
// in the list is refused.
func fewPoints() {
	pointsOnce.Do(func() {
		for name, id := range map[string]seccheck.Point{
			"container/start":           seccheck.PointContainerStart,
			"sentry/clone":              seccheck.PointClone,
			"sentry/execve":             seccheck.PointExecve,
			"sentry/exit_notify_parent": seccheck.PointExitNotifyParent,
			"sentry/task_exit":          seccheck.PointTaskExit,
		} {
			seccheck.Points[name] = seccheck.PointDesc{ID: id, Name: name}
		}
	})
}
