package launch

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// Capabilities the sentry keeps, by bit: CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH,
// FOWNER and FSETID for the files it opens itself, SYS_PTRACE for the processes
// the job's code runs in. They are gVisor's choice for systrap with directfs.
const sentryCaps uint64 = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<4 | 1<<19

const (
	prCapbsetRead     = 23
	prCapbsetDrop     = 24
	prSetNoNewPrivs   = 38
	prCapAmbient      = 47
	prCapAmbientClear = 4
	capVersion3       = 0x20080522
)

type capHeader struct {
	version uint32
	pid     int32
}

// capSet is what the kernel takes: two halves of effective, permitted and
// inheritable.
type capSet [2]struct{ effective, permitted, inheritable uint32 }

// dropPrivileges leaves this thread the sentry's capabilities, as far as it has
// them, and no way to more.
func dropPrivileges() error {
	header := capHeader{version: capVersion3}
	var have capSet
	if _, _, err := syscall.RawSyscall(syscall.SYS_CAPGET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&have)), 0); err != 0 {
		return os.NewSyscallError("capget", err)
	}
	permitted := uint64(have[1].permitted)<<32 | uint64(have[0].permitted)
	if permitted&sentryCaps != sentryCaps {
		return fmt.Errorf("only %#x of %#x is permitted", permitted&sentryCaps, sentryCaps)
	}
	for bit := range 64 {
		if sentryCaps>>bit&1 != 0 {
			continue
		}
		// The kernel knows no capability of this number, nor any above it.
		if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, prCapbsetRead, uintptr(bit), 0); err == syscall.EINVAL {
			break
		}
		if _, _, err := syscall.RawSyscall(syscall.SYS_PRCTL, prCapbsetDrop, uintptr(bit), 0); err != 0 {
			return os.NewSyscallError("prctl", err)
		}
	}
	var want capSet
	want[0].effective, want[0].permitted = uint32(sentryCaps), uint32(sentryCaps)
	if _, _, err := syscall.RawSyscall(syscall.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&want)), 0); err != 0 {
		return os.NewSyscallError("capset", err)
	}
	if _, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, prCapAmbient, prCapAmbientClear, 0, 0, 0, 0); err != 0 {
		return os.NewSyscallError("prctl", err)
	}
	_, _, err := syscall.RawSyscall6(syscall.SYS_PRCTL, prSetNoNewPrivs, 1, 0, 0, 0, 0)
	if err != 0 {
		return os.NewSyscallError("prctl", err)
	}
	return nil
}
