package launch

import (
	"os"
	"syscall"
	"unsafe"
)

// startUmounter forks a process that unmounts /proc when one byte is written
// to the returned descriptor, which stays open across exec. The sentry writes
// it right before it installs its filters, and waits for the process to end;
// it has no right to unmount by then. Without the byte the process ends when
// the sentry does.
func startUmounter() (sync int, err error) {
	var pipe [2]int
	if err := syscall.Pipe2(pipe[:], syscall.O_CLOEXEC); err != nil {
		return 0, os.NewSyscallError("pipe2", err)
	}
	proc, err := syscall.BytePtrFromString("/proc")
	if err != nil {
		return 0, err
	}
	if err := forkUmounter(uintptr(pipe[0]), proc); err != 0 {
		return 0, os.NewSyscallError("clone", err)
	}
	if err := syscall.Close(pipe[0]); err != nil {
		return 0, os.NewSyscallError("close", err)
	}
	if _, _, err := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(pipe[1]), syscall.F_SETFD, 0); err != 0 {
		return 0, os.NewSyscallError("fcntl", err)
	}
	return pipe[1], nil
}

const (
	sysCloseRange = 436
	allSignals    = ^uint64(0)
	maxFD         = 1<<32 - 1
)

// forkUmounter returns in the parent. The child is a copy of one thread of a
// Go program: only bare system calls are safe in it, with no signal handled.
// It keeps nothing open but its end of the pipe.
//
//go:norace
//go:nosplit
func forkUmounter(pipe uintptr, proc *byte) syscall.Errno {
	var old uint64
	var text [1]byte
	blocked := allSignals
	syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 2 /* SIG_SETMASK */, uintptr(unsafe.Pointer(&blocked)), uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	pid, _, err := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if err != 0 || pid != 0 {
		syscall.RawSyscall6(syscall.SYS_RT_SIGPROCMASK, 2, uintptr(unsafe.Pointer(&old)), 0, 8, 0, 0)
		return err
	}
	if pipe > 0 {
		syscall.RawSyscall(sysCloseRange, 0, pipe-1, 0)
	}
	syscall.RawSyscall(sysCloseRange, pipe+1, maxFD, 0)
	status := uintptr(1)
	n, _, _ := syscall.RawSyscall(syscall.SYS_READ, pipe, uintptr(unsafe.Pointer(&text)), 1)
	if n == 1 {
		if _, _, err := syscall.RawSyscall(syscall.SYS_UMOUNT2, uintptr(unsafe.Pointer(proc)), syscall.MNT_DETACH, 0); err == 0 {
			status = 0
		}
	}
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, status, 0, 0)
	}
}
