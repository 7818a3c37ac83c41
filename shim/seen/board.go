// Package seen is what a sandbox was seen to do: written by the sentry into
// memory that the shim gave it, and read there by the shim whenever somebody
// asks, also after the sentry is gone. So watching costs no message, and a
// sandbox that is killed in the middle leaves what was seen until then.
//
// The memory has a fixed size and a fixed place for each class of things, so
// that a job that floods one class hides nothing of another. What is in it
// comes from a hostile job by way of a sentry that may be compromised: nothing
// that is read here is trusted to be in bounds, or to be text.
package seen

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Class is a kind of things that are noted, with room of its own.
type Class uint8

// Classes.
const (
	Exec     Class = iota // programs that were executed; text is path, NUL, argv[0]
	Miner                 // … whose name or arguments are those of a miner
	Connect               // addresses that were connected or sent to
	Metadata              // … that are those of cloud metadata services
	Pool                  // … at ports of mining pools
	DNS                   // … at port 53 and 853
	Bind                  // addresses that were bound
	Socket                // raw and packet sockets and their like: family, type and protocol
	Open                  // paths of what an escape is made of
	Call                  // system calls for privileges; text is what is known of the arguments
	classes
)

// room is how many different things of a class are kept. The sum is bounded by
// what a board may cost in memory.
var room = [classes]int{
	Exec: 96, Miner: 8, Connect: 64, Metadata: 8, Pool: 8, DNS: 8, Bind: 16, Socket: 16, Open: 24, Call: 48,
}

const (
	slots     = 296 // the sum of room; a test says so
	textBytes = 224
	calls     = 512 // numbers of system calls
	magic     = 0x6762_7365_656e_0001
)

// Mark is one thing that was seen, and how often.
type Mark struct {
	First, Last int64 // Unix time in nanoseconds
	Count       uint64
	UID         uint32
	Errno       uint32 // of the last time; Pending while it is going on
	Number      uint32 // of the system call; or family of a socket
	Port        uint16 // or protocol of a socket
	Type        uint16 // of the socket, as in socket(2)
	Address     [16]byte
	used        uint32
	length      uint32
	text        [textBytes]byte
}

// Pending is the Errno of what has not ended.
const Pending = 0xffff

// layout is the memory. It is written by one process at a time.
type layout struct {
	magic   uint64
	version uint64 // odd while something is being written
	forks   uint64
	burst   uint64 // most forks within one second
	peak    uint64 // most tasks at one time
	full    uint64 // 1 if calls are counted
	missed  [classes]uint64
	total   [classes]uint64
	calls   [calls]uint64
	marks   [slots]Mark
}

// Size of a board in bytes.
const Size = int(unsafe.Sizeof(layout{}))

// New makes a board: memory that nobody can make smaller, so that nobody can
// fail for reading it.
func New() (*os.File, error) {
	fd, err := unix.MemfdCreate("seen", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	f := os.NewFile(uintptr(fd), "seen")
	err = f.Truncate(int64(Size))
	if err == nil {
		_, err = unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_SEAL)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("make a board: %w", err)
	}
	return f, nil
}
