package main

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// calls are system calls that ordinary jobs have no use for. What they are
// given is of no use either, so that one that is let through does nothing.
func calls() []surface {
	var scratch [256]byte
	at := uintptr(unsafe.Pointer(&scratch))
	const bad = ^uintptr(0)
	name := func(s string) uintptr { p, _ := syscall.BytePtrFromString(s); return uintptr(unsafe.Pointer(p)) }
	nosuch := name("/nosuch")
	one := func(n string, power bool, err func() error, complaints ...error) surface {
		return surface{n, power, func() bool { return works(err(), complaints...) }}
	}
	// What changes a thread is done in one that ends with it.
	thread := func(n string, power bool, err func() error) surface {
		return surface{n, power, func() bool { return inThread(err) }}
	}
	descriptor := func(n string, power bool, number uintptr, args ...uintptr) surface {
		return surface{n, power, func() bool {
			var a [6]uintptr
			copy(a[:], args)
			fd, _, e := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5])
			if e == 0 {
				unix.Close(int(fd))
			}
			return e == 0 || e == unix.EFAULT
		}}
	}
	return []surface{
		descriptor("bpf", true, unix.SYS_BPF, 0, 0, 128),
		descriptor("perf events", true, unix.SYS_PERF_EVENT_OPEN, 0, 0, bad, bad, 0),
		descriptor("userfaultfd", false, unix.SYS_USERFAULTFD, unix.O_CLOEXEC),
		descriptor("io_uring", false, unix.SYS_IO_URING_SETUP, 4, at),
		descriptor("fanotify", false, unix.SYS_FANOTIFY_INIT, 0, 0),
		descriptor("secret memory", false, unix.SYS_MEMFD_SECRET, 0),
		descriptor("descriptor of a process", false, unix.SYS_PIDFD_OPEN, uintptr(os.Getpid()), 0),
		one("landlock", false, func() error { return call(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, 1) }), // asks for the version
		one("keyring", false, func() error { return call(unix.SYS_KEYCTL, 0, ^uintptr(3), 0) }),
		one("add a key", false, func() error { return call(unix.SYS_ADD_KEY, name("user"), name("probe"), at, 1, ^uintptr(2)) }),
		one("request a key", false, func() error { return call(unix.SYS_REQUEST_KEY, name("user"), name("nosuch"), 0, 0) }, unix.ENOKEY),
		one("load a module", true, func() error { return call(unix.SYS_INIT_MODULE, 0, 0, 0) }, unix.EFAULT, unix.ENOEXEC, unix.EINVAL),
		one("load a module from a file", true, func() error { return call(unix.SYS_FINIT_MODULE, bad, nosuch, 0) }, unix.EBADF, unix.EFAULT),
		one("kexec", true, func() error { return call(unix.SYS_KEXEC_LOAD, 0, 0, 0, bad) }, unix.EINVAL),
		one("reboot", true, func() error { return call(unix.SYS_REBOOT, 0, 0, 0, 0) }, unix.EINVAL),
		one("swap", true, func() error { return call(unix.SYS_SWAPON, nosuch, 0) }, unix.ENOENT),
		one("accounting", true, func() error { return call(unix.SYS_ACCT, nosuch) }, unix.ENOENT),
		one("the kernel's log", false, func() error { _, err := unix.Klogctl(unix.SYSLOG_ACTION_SIZE_BUFFER, nil); return err }),
		one("host name", true, func() error { return call(unix.SYS_SETHOSTNAME, at, bad) }, unix.EINVAL),
		thread("ports of the machine", true, func() error { return call(unix.SYS_IOPL, 3) }),
		thread("some ports of the machine", true, func() error { return call(unix.SYS_IOPERM, 0x80, 1, 1) }),
		one("local descriptor table", false, func() error { return call(unix.SYS_MODIFY_LDT, 0, at, 16) }),
		one("open by handle", true, func() error { return call(unix.SYS_OPEN_BY_HANDLE_AT, bad, at, 0) }, unix.EBADF, unix.EINVAL),
		one("name to handle", false, func() error { return call(unix.SYS_NAME_TO_HANDLE_AT, bad, nosuch, at, at+128, 0) }, unix.ENOENT, unix.EOVERFLOW),
		one("quotas", true, func() error { return call(unix.SYS_QUOTACTL, 0x800001<<8, nosuch, 0, 0) }, unix.ENOENT),
		one("memory of another process", false, func() error {
			return call(unix.SYS_PROCESS_VM_READV, uintptr(os.Getpid()), 0, 0, 0, 0, 0)
		}),
		one("compare processes", false, func() error {
			me := uintptr(os.Getpid())
			return call(unix.SYS_KCMP, me, me, 0, 0, 0)
		}),
		one("pages of memory", false, func() error { return call(unix.SYS_MOVE_PAGES, 0, 0, 0, 0, 0, 0) }),
		one("memory policy", false, func() error { return call(unix.SYS_SET_MEMPOLICY, 0, 0, 0) }),
		one("change pages to pipes", false, func() error { return call(unix.SYS_VMSPLICE, bad, at, 0, 0) }, unix.EBADF),
		thread("old table of system calls", false, func() error { return call(unix.SYS_PERSONALITY, 0x0008) }),
		one("detach a mount", true, func() error { return call(unix.SYS_UMOUNT2, nosuch, 0) }, unix.ENOENT),
		one("change the root", true, func() error { return call(unix.SYS_PIVOT_ROOT, nosuch, nosuch) }, unix.ENOENT),
		thread("raise priority", false, func() error { return unix.Setpriority(unix.PRIO_PROCESS, 0, -1) }),
		thread("real time", false, func() error { return call(unix.SYS_SCHED_SETSCHEDULER, 0, 1, uintptr(unsafe.Pointer(&[2]int32{1, 0}))) }),
		one("lock memory", false, func() error { return call(unix.SYS_MLOCKALL, 0) }, unix.EINVAL),
		one("raise limits", false, func() error { return unix.Setrlimit(unix.RLIMIT_NPROC, &unix.Rlimit{Cur: 1 << 30, Max: 1 << 40}) }),
		thread("own user changes", false, func() error { return call(unix.SYS_SETUID, 12345) }),
	}
}
