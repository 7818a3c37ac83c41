package warden

import (
	"context"
	"errors"

	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/state"
)

// A kernel that is saved has a mark of ours in it. When the mark is loaded it
// leads to the kernel, and to its tasks before they run: gVisor starts what it
// restores as soon as it can, but what is restored here has to become some
// job's first.

func init() { state.Register((*mark)(nil)) }

// markKey is what the mark goes by in the saved state.
const markKey = sinkName

// mark is saved with a kernel.
type mark struct{ tasks []*kernel.Task }

// loaded are the tasks that a mark keeps from running.
var loaded []*kernel.Task

// StateTypeName implements state.Type.
func (*mark) StateTypeName() string { return "glovebox/shim/warden.mark" }

// StateFields implements state.Type.
func (*mark) StateFields() []string { return []string{"tasks"} }

// StateSave implements state.SaverLoader.
func (m *mark) StateSave(sink state.Sink) {
	m.tasks = here.RootPIDNamespace().Tasks()
	sink.Save(0, &m.tasks)
	m.tasks = nil
}

// StateLoad implements state.SaverLoader.
func (m *mark) StateLoad(ctx context.Context, source state.Source) {
	source.LoadWait(0, &m.tasks) // with the tasks in it
	source.AfterLoad(func() {
		if k, ok := ctx.Value(kernel.CtxKernel).(*kernel.Kernel); ok {
			meetKernel(k)
		}
		for _, t := range m.tasks {
			t.BeginExternalStop()
		}
		loaded, m.tasks = m.tasks, nil
	})
}

// letGo ends what the mark began. The host keeps the whole kernel by then.
func letGo() error {
	if len(loaded) == 0 {
		return errors.New(sinkName + ": what was loaded has no mark")
	}
	for _, t := range loaded {
		t.EndExternalStop()
	}
	loaded = nil
	return nil
}
