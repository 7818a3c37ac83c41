package warden

import (
	"errors"
	"sync"

	"gvisor.dev/gvisor/pkg/sentry/arch"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
)

// onFirstCall runs do in the first task of those that are meant which makes a
// system call, before that call. gVisor's trace points do not lead to the kernel for a task that never
// clones, executes or ends; its hook for external callbacks does, and costs
// nothing once it is taken off again. No task that is meant may be making calls
// when it is put on.
func onFirstCall(meant func(*kernel.Task) bool, do func(*kernel.Task)) error {
	tables := kernel.SyscallTables()
	if len(tables) == 0 {
		return errors.New(sinkName + ": gVisor has no table of system calls yet")
	}
	var once sync.Once
	for _, table := range tables {
		table.ExternalFilterBefore = func(t *kernel.Task, _ uintptr, _ arch.SyscallArguments) bool {
			if !meant(t) {
				return false
			}
			once.Do(func() {
				for _, table := range tables {
					table.FeatureEnable.Enable(kernel.ExternalBeforeEnable, nil, false)
				}
				do(t)
			})
			return false // go on with the call
		}
		table.FeatureEnable.EnableAll(kernel.ExternalBeforeEnable)
	}
	return nil
}
