package warden

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"sync"

	"gvisor.dev/gvisor/pkg/abi"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/hostarch"
	"gvisor.dev/gvisor/pkg/sentry/arch"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/socket"

	"glovebox/shim/seen"
)

// look notes one kind of system call as it begins, if there is something to
// note, and returns where.
type look func(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place

// maxCalls is above every number of a system call that is looked at.
const maxCalls = 512

type looksTable [maxCalls]look

// numbers are those that are looked at.
func (w *watcher) numbers() map[uintptr]bool {
	all := map[uintptr]bool{}
	for n := range w.looks {
		if w.looks[n] != nil || w.failures[n] != nil {
			all[uintptr(n)] = true
		}
	}
	return all
}

// hostTable is the one of gVisor's tables of system calls that is used here.
func hostTable() *kernel.SyscallTable {
	t, ok := kernel.LookupSyscallTable(abi.Linux, arch.Host)
	if !ok {
		return &kernel.SyscallTable{}
	}
	return t
}

// cloneNumber is the number of the call that the trace point of clone is noted
// under.
var cloneNumber = sync.OnceValue(func() uint32 {
	n, err := hostTable().LookupNo("clone")
	if err != nil {
		return maxCalls
	}
	return uint32(n)
})

// CallName is the name of a system call.
func CallName(number uintptr) string { return hostTable().LookupName(number) }

// failuresByName are looked at when they have failed. Of what escapes are made
// of, gVisor has nothing: whoever could open it has made it. So opening files
// costs nothing more, and reading their names is left to tries that fail.
var failuresByName = map[string]look{
	"open": lookOpen, "openat": lookOpenAt, "creat": lookCreat,
}

// looksByName are looked at as they begin: a call may never end, when the job
// is ended before it. Whatever is not in here costs one look into a table.
var looksByName = map[string]look{
	"connect": lookConnect, "bind": lookBind, "sendto": lookSendTo, "sendmsg": lookSendMsg, "sendmmsg": lookSendMsg,
	"socket": lookSocket,
	"setuid": lookRoot(1), "setgid": lookRoot(1), "setreuid": lookRoot(2), "setregid": lookRoot(2),
	"setresuid": lookRoot(3), "setresgid": lookRoot(3),
	"mount": lookMount, "umount2": lookCall, "pivot_root": lookCall, "chroot": lookCall, "unshare": lookUnshare, "setns": lookCall,
	"fsopen": lookCall, "fsmount": lookCall, "move_mount": lookCall, "open_tree": lookCall,
	"capset": lookCall, "setgroups": lookCall, "sethostname": lookCall, "setdomainname": lookCall,
	"ptrace": lookPtrace, "process_vm_readv": lookCall, "process_vm_writev": lookCall, "kcmp": lookCall,
	"bpf": lookCall, "perf_event_open": lookCall, "userfaultfd": lookCall, "io_uring_setup": lookCall,
	"keyctl": lookCall, "add_key": lookCall, "request_key": lookCall,
	"init_module": lookCall, "finit_module": lookCall, "delete_module": lookCall,
	"kexec_load": lookCall, "kexec_file_load": lookCall, "reboot": lookCall, "swapon": lookCall, "swapoff": lookCall,
	"iopl": lookCall, "ioperm": lookCall, "modify_ldt": lookCall, "acct": lookCall, "quotactl": lookCall,
	"open_by_handle_at": lookCall, "name_to_handle_at": lookCall, "fanotify_init": lookCall, "lookup_dcookie": lookCall,
	"settimeofday": lookCall, "clock_settime": lookCall,
}

// looks are those of this machine's numbers.
func looks(byName map[string]look) (table looksTable) {
	for number, call := range hostTable().Table {
		if number < maxCalls {
			table[number] = byName[call.Name]
		}
	}
	return table
}

func lookCall(w *watcher, t *kernel.Task, number uintptr, _ arch.SyscallArguments) seen.Place {
	return w.call(t, number, "")
}

func (w *watcher) call(t *kernel.Task, number uintptr, detail string) seen.Place {
	return w.notes.Note(seen.Call, seen.Mark{Number: uint32(number), UID: uid(t), Errno: seen.Pending}, detail)
}

// lookRoot is for calls that change who a task is: only who asks to become
// root, and is not, is noted. The first n arguments are the ids.
func lookRoot(n int) look {
	return func(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place {
		creds := t.Credentials()
		if creds.EffectiveKUID == 0 || creds.RealKUID == 0 || creds.SavedKUID == 0 {
			return 0
		}
		for _, id := range args[:n] {
			if id.Uint() == 0 {
				return w.call(t, number, "to root")
			}
		}
		return 0
	}
}

func lookPtrace(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place {
	switch args[0].Int64() {
	case linux.PTRACE_TRACEME:
		return w.call(t, number, "traceme")
	case linux.PTRACE_ATTACH, linux.PTRACE_SEIZE:
		return w.call(t, number, "attach")
	}
	return 0 // what comes after one of these
}

func lookUnshare(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place {
	return w.call(t, number, namespaceNames(args[0].Uint64()))
}

func lookMount(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place {
	const most = 64
	kind, _ := t.CopyInString(args[2].Pointer(), most)
	target, _ := t.CopyInString(args[1].Pointer(), most)
	return w.call(t, number, kind+" at "+target)
}

func namespaceNames(flags uint64) string {
	var names []string
	for _, n := range []struct {
		flag uint64
		name string
	}{
		{linux.CLONE_NEWUSER, "user"}, {linux.CLONE_NEWNS, "mount"}, {linux.CLONE_NEWPID, "pid"}, {linux.CLONE_NEWNET, "net"},
		{linux.CLONE_NEWIPC, "ipc"}, {linux.CLONE_NEWUTS, "uts"},
	} {
		if flags&n.flag != 0 {
			names = append(names, n.name)
		}
	}
	return strings.Join(names, ",")
}

func lookOpen(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place {
	return w.opened(t, number, args[0].Pointer(), uint64(args[1].Uint()))
}

func lookOpenAt(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place {
	return w.opened(t, number, args[1].Pointer(), uint64(args[2].Uint()))
}

func lookCreat(w *watcher, t *kernel.Task, number uintptr, args arch.SyscallArguments) seen.Place {
	return w.opened(t, number, args[0].Pointer(), linux.O_WRONLY)
}

// opened notes the opening of what an escape is made of.
func (w *watcher) opened(t *kernel.Task, number uintptr, at hostarch.Addr, flags uint64) seen.Place {
	path := w.text(t, at)
	writing := flags&linux.O_ACCMODE != linux.O_RDONLY
	if len(path) == 0 || !seen.Sensitive(path, writing) {
		return 0
	}
	mark := seen.Mark{UID: uid(t), Errno: seen.Pending}
	if writing {
		mark.Number = 1
	}
	return w.notes.Note(seen.Open, mark, string(path))
}

// text is a string of the task's, up to what gVisor has room for without
// asking for memory; it is good until the next one is read. Longer ones are
// nothing that is looked for.
func (w *watcher) text(t *kernel.Task, at hostarch.Addr) []byte {
	buf := t.CopyScratchBuffer(64)
	n, _ := t.CopyInBytes(at, buf)
	for i, b := range buf[:n] {
		if b == 0 {
			return buf[:i]
		}
	}
	return nil
}

func lookSocket(w *watcher, t *kernel.Task, _ uintptr, args arch.SyscallArguments) seen.Place {
	family, kind, protocol := args[0].Uint(), args[1].Uint()&linux.SOCK_TYPE_MASK, args[2].Uint()
	switch {
	case family == linux.AF_PACKET, family == linux.AF_ALG, family == linux.AF_VSOCK:
	case (family == linux.AF_INET || family == linux.AF_INET6) && kind == uint32(linux.SOCK_RAW):
	default:
		return 0
	}
	return w.notes.Note(seen.Socket, seen.Mark{
		UID: uid(t), Errno: seen.Pending, Number: family, Type: uint16(kind), Port: uint16(protocol),
	}, fmt.Sprintf("family %d type %d protocol %d", family, kind, protocol&0xffff))
}

func lookConnect(w *watcher, t *kernel.Task, _ uintptr, args arch.SyscallArguments) seen.Place {
	return w.address(t, args[0].Int(), args[1].Pointer(), args[2].SizeT(), seen.Connect)
}

func lookBind(w *watcher, t *kernel.Task, _ uintptr, args arch.SyscallArguments) seen.Place {
	return w.address(t, args[0].Int(), args[1].Pointer(), args[2].SizeT(), seen.Bind)
}

func lookSendTo(w *watcher, t *kernel.Task, _ uintptr, args arch.SyscallArguments) seen.Place {
	if args[4].Pointer() == 0 {
		return 0
	}
	return w.address(t, args[0].Int(), args[4].Pointer(), args[5].SizeT(), seen.Connect)
}

// lookSendMsg is for sendmsg, and for the first message of sendmmsg, which
// begins alike.
func lookSendMsg(w *watcher, t *kernel.Task, _ uintptr, args arch.SyscallArguments) seen.Place {
	head := t.CopyScratchBuffer(16)
	if _, err := t.CopyInBytes(args[1].Pointer(), head); err != nil {
		return 0
	}
	name, length := binary.NativeEndian.Uint64(head), binary.NativeEndian.Uint32(head[8:])
	if name == 0 {
		return 0
	}
	return w.address(t, args[0].Int(), hostarch.Addr(name), uint(length), seen.Connect)
}

// address notes an address that a socket is connected, sent or bound to. Of
// unix sockets only those that lead out of containers are of interest.
func (w *watcher) address(t *kernel.Task, fd int32, at hostarch.Addr, length uint, class seen.Class) seen.Place {
	buf := t.CopyScratchBuffer(110)
	n, _ := t.CopyInBytes(at, buf[:min(length, 110)])
	if n < 4 {
		return 0
	}
	addr := buf[:n]
	mark := seen.Mark{UID: uid(t), Errno: seen.Pending, Number: uint32(binary.NativeEndian.Uint16(addr))}
	var ip netip.Addr
	switch {
	case mark.Number == linux.AF_UNIX:
		path, _, _ := strings.Cut(string(addr[2:]), "\x00")
		if class == seen.Bind || !seen.Sensitive([]byte(path), true) {
			return 0
		}
		return w.notes.Note(seen.Open, mark, path)
	case mark.Number == linux.AF_INET && n >= 8:
		ip = netip.AddrFrom4([4]byte(addr[4:8]))
	case mark.Number == linux.AF_INET6 && n >= 24:
		ip = netip.AddrFrom16([16]byte(addr[8:24])).Unmap()
	default:
		return 0
	}
	mark.Number = linux.AF_INET // the same address in another spelling is the same
	mark.Port, mark.Address = binary.BigEndian.Uint16(addr[2:]), ip.As16()
	mark.Type = kindOf(t, fd)
	if class == seen.Connect {
		class = seen.Destination(netip.AddrPortFrom(ip, mark.Port))
	}
	return w.notes.Note(class, mark, "")
}

// kindOf is the type of a socket; 0 if it is none.
func kindOf(t *kernel.Task, fd int32) uint16 {
	file := t.GetFile(fd)
	if file == nil {
		return 0
	}
	defer file.DecRef(t)
	s, ok := file.Impl().(socket.Socket)
	if !ok {
		return 0
	}
	_, kind, _ := s.Type()
	return uint16(kind)
}
