package warden

import (
	"gvisor.dev/gvisor/pkg/errors/linuxerr"
	"gvisor.dev/gvisor/pkg/sentry/arch"
	"gvisor.dev/gvisor/pkg/sentry/kernel"

	"glovebox/shim/seen"
)

// callHook is called around system calls. It sits where gVisor's strace would.
//
// With noSpace, it is called for every system call, and looks at the scratch
// layer in the moment one of the job fails for want of space, so that a job
// that meets the cap, cleans up and ends within one interval of the watch is
// seen too: chmod and rename copy files up as well, so there is no list of those
// that write. With watcher, those calls are noted that its table has.
type callHook struct {
	noSpace func()
	watcher *watcher
}

// hookCalls puts it in place. No task may be making calls.
func hookCalls(h callHook) {
	if h.noSpace == nil && h.watcher == nil {
		return
	}
	for _, table := range kernel.SyscallTables() {
		table.Stracer = h
		if h.noSpace != nil || h.watcher.full {
			table.FeatureEnable.EnableAll(kernel.StraceEnableEvent)
		} else {
			table.FeatureEnable.Enable(kernel.StraceEnableEvent, h.watcher.numbers(), false)
		}
	}
}

// SyscallEnter implements kernel.Stracer.
func (h callHook) SyscallEnter(t *kernel.Task, number uintptr, args arch.SyscallArguments, _ uint32) any {
	w := h.watcher
	if w == nil {
		return nil
	}
	if w.full {
		w.notes.Called(number)
	}
	if number < maxCalls && w.looks[number] != nil {
		if at := w.looks[number](w, t, number, args); at != 0 {
			return at
		}
	}
	return nil
}

// SyscallExit implements kernel.Stracer.
func (h callHook) SyscallExit(place any, t *kernel.Task, number, _ uintptr, err error) {
	at, _ := place.(seen.Place)
	if err != nil {
		if h.noSpace != nil && linuxerr.Equals(linuxerr.ENOSPC, err) {
			h.noSpace()
		}
		if w := h.watcher; w != nil && number < maxCalls && w.failures[number] != nil {
			at = w.failures[number](w, t, number, t.Arch().SyscallArgs())
		}
	}
	if at != 0 {
		h.watcher.notes.Result(at, uint32(kernel.ExtractErrno(err, int(number))))
	}
}
