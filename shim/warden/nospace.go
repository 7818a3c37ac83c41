package warden

import (
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/sentry/arch"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
)

// noSpace looks at the scratch layer in the moment a system call of the job
// fails for want of space, so that a job that meets the cap, cleans up and ends
// within one interval of the watch is seen too. It sits where gVisor's strace
// would, and is called for every system call rather than for a list of those
// that write: chmod and rename copy files up as well.
type noSpace struct{ check func() }

func watchCalls(check func()) {
	for _, table := range kernel.SyscallTables() {
		table.Stracer = noSpace{check}
		table.FeatureEnable.EnableAll(kernel.StraceEnableEvent)
	}
}

// SyscallEnter implements kernel.Stracer.
func (noSpace) SyscallEnter(*kernel.Task, uintptr, arch.SyscallArguments, uint32) any { return nil }

// SyscallExit implements kernel.Stracer.
func (n noSpace) SyscallExit(_ any, _ *kernel.Task, _, _ uintptr, err error) {
	if err != nil && linuxerr.Equals(linuxerr.ENOSPC, err) {
		n.check()
	}
}
