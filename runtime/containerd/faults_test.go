package containerd

import (
	"errors"
	"fmt"
	"testing"

	"github.com/containerd/errdefs"

	"glovebox"
)

// TestStartErrors: whether a command may have been started decides whether it
// may be started again, so each error must fall on the right side.
func TestStartErrors(t *testing.T) {
	closed := errors.New("failed to create shim task: ttrpc: closed")
	refused := errors.New(`failed to start shim: failed to load sandbox task "gvisor": unable to make connection: dial unix /x/run/shim.sock: connect: connection refused`)
	notFound := fmt.Errorf("no running task found: task x not found: %w", errdefs.ErrNotFound)
	away := glovebox.Errorf(glovebox.KindUnavailable, "containerd does not answer")
	for _, c := range []struct {
		name   string
		create bool
		err    error
		want   glovebox.Kind
	}{
		{"create: the shim died", true, closed, glovebox.KindUnavailable},
		{"create: the shim is not back yet", true, refused, glovebox.KindUnavailable},
		{"create: containerd is away", true, away, glovebox.KindUnavailable},
		{"create: the command is missing", true, errors.New("executable file not found in $PATH"), glovebox.KindNoExecutable},
		{"start: gone after it was asked", false, notFound, glovebox.KindNodeLost},
		{"start: the shim died meanwhile", false, closed, glovebox.KindNodeLost},
		{"start: containerd is away", false, away, glovebox.KindNodeLost},
		{"start: the loader is missing", false, errors.New("failed to load: no such file or directory"), glovebox.KindNoExecutable},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := notStarted("x", c.err)
			if c.create {
				err = startFault("x", c.err)
			}
			if glovebox.KindOf(err) != c.want {
				t.Errorf("%s: %v, want %s", glovebox.KindOf(err), err, c.want)
			}
		})
	}
}
