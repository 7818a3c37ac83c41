package seen

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Report is what was seen, fit to be shown: texts are printable and short.
type Report struct {
	// Things are in the order of classes, then of time; at most slots.
	Things []Thing `json:"things,omitempty"`
	// Missed counts, by class, what there was no room for.
	Missed map[string]uint64 `json:"missed,omitempty"`
	// Calls are the system calls that were made, by name, and how often. Only
	// with full watch.
	Calls map[string]uint64 `json:"calls,omitempty"`
	// Forks counts tasks that were made, ForkBurst those within one second at
	// most, TasksPeak those at one time at most.
	Forks     uint64 `json:"forks,omitempty"`
	ForkBurst uint64 `json:"forkBurst,omitempty"`
	TasksPeak uint64 `json:"tasksPeak,omitempty"`
}

// Thing is one thing that was seen.
type Thing struct {
	Kind   string    `json:"kind"` // name of the class
	First  time.Time `json:"first"`
	Last   time.Time `json:"last"`
	Count  uint64    `json:"count"`
	Result string    `json:"result,omitempty"` // of the last time: "" for success, "pending", or an error's name such as "EPERM"
	UID    uint32    `json:"uid,omitempty"`
	// Address is "ADDRESS:PORT" of connect, bind and their like.
	Address string `json:"address,omitempty"`
	// Proto is "tcp", "udp", "icmp", "raw", "packet", "vsock", "alg" or "unix".
	Proto string `json:"proto,omitempty"`
	Path  string `json:"path,omitempty"` // of exec, open and unix sockets
	Arg0  string `json:"arg0,omitempty"` // of exec
	Call  string `json:"call,omitempty"` // name of the system call
	// Detail is what is known of a call's arguments.
	Detail string `json:"detail,omitempty"`
}

var kindNames = [classes]string{
	Exec: "exec", Miner: "miner", Connect: "connect", Metadata: "metadata", Pool: "pool", DNS: "dns", Bind: "bind",
	Socket: "socket", Open: "open", Call: "call",
}

var errNoBoard = errors.New("it is no board, or nobody wrote on it")

// Read reads a board. name tells the name of a system call.
func Read(f *os.File, name func(uintptr) string) (*Report, error) {
	const tries = 5 // while somebody writes; then it is taken as it is
	at := new(layout)
	memory := unsafe.Slice((*byte)(unsafe.Pointer(at)), Size)
	for range tries {
		if _, err := f.ReadAt(memory, 0); err != nil {
			return nil, err
		}
		var after [16]byte
		if _, err := f.ReadAt(after[:], 0); err != nil {
			return nil, err
		}
		if now := binary.NativeEndian.Uint64(after[8:]); at.version == now && now%2 == 0 {
			break
		}
	}
	if at.magic != magic {
		return nil, errNoBoard
	}
	return at.report(name), nil
}

func (at *layout) report(name func(uintptr) string) *Report {
	r := &Report{Forks: at.forks, ForkBurst: at.burst, TasksPeak: at.peak}
	for c := range classes {
		for i := start(c); i < start(c)+room[c]; i++ {
			if m := &at.marks[i]; m.used != 0 {
				r.Things = append(r.Things, m.thing(c, name))
			}
		}
		if n := at.missed[c]; n > 0 {
			if r.Missed == nil {
				r.Missed = map[string]uint64{}
			}
			r.Missed[kindNames[c]] = n
		}
	}
	if at.full == 0 {
		return r
	}
	r.Calls = map[string]uint64{}
	for n, count := range at.calls {
		if count > 0 {
			r.Calls[name(uintptr(n))] += count
		}
	}
	return r
}

func (m *Mark) thing(c Class, name func(uintptr) string) Thing {
	t := Thing{
		Kind: kindNames[c], First: time.Unix(0, m.First).UTC(), Last: time.Unix(0, m.Last).UTC(),
		Count: m.Count, Result: result(m.Errno), UID: m.UID,
	}
	text := m.text[:min(m.length, textBytes)]
	switch c {
	case Exec, Miner:
		path, arg0, _ := bytes.Cut(text, []byte{0})
		t.Path, t.Arg0 = Printable(path), Printable(arg0)
	case Open:
		t.Path = Printable(text)
	case Call:
		t.Call, t.Detail = name(uintptr(m.Number)), Printable(text)
	case Socket:
		t.Proto, t.Detail = proto(m.Number, m.Type, m.Port), Printable(text)
	default:
		t.Proto = proto(m.Number, m.Type, 0)
		if m.Number == unix.AF_UNIX {
			t.Path = Printable(text)
		} else {
			t.Address = netip.AddrPortFrom(netip.AddrFrom16(m.Address).Unmap(), m.Port).String()
		}
	}
	return t
}

// proto names what kind of socket it is.
func proto(family uint32, kind, protocol uint16) string {
	switch family {
	case unix.AF_PACKET:
		return "packet"
	case unix.AF_VSOCK:
		return "vsock"
	case unix.AF_ALG:
		return "alg"
	case unix.AF_UNIX:
		return "unix"
	}
	switch {
	case kind == unix.SOCK_STREAM:
		return "tcp"
	case kind == unix.SOCK_RAW:
		return "raw"
	case kind == unix.SOCK_DGRAM && (protocol == unix.IPPROTO_ICMP || protocol == unix.IPPROTO_ICMPV6):
		return "icmp"
	case kind == unix.SOCK_DGRAM:
		return "udp"
	}
	return "other"
}

func result(errno uint32) string {
	switch errno {
	case 0:
		return ""
	case Pending:
		return "pending"
	}
	if name := unix.ErrnoName(unix.Errno(errno)); name != "" {
		return name
	}
	return "error"
}
