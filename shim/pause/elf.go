package pause

import (
	"bytes"
	"encoding/binary"
)

// program is machine code that needs neither stack nor data.
type program struct {
	machine uint16 // as ELF numbers it
	pause   []byte // for (;;) pause(2), or ppoll(2) without end where there is none
	exit    []byte // exit_group(0)
}

var machines = map[string]program{
	"amd64": {
		machine: 62,
		pause: []byte{
			0xb8, 34, 0, 0, 0, // mov $SYS_pause, %eax
			0x0f, 0x05, // syscall
			0xeb, 0xf7, // jmp to the start
		},
		exit: []byte{
			0xb8, 231, 0, 0, 0, // mov $SYS_exit_group, %eax
			0x31, 0xff, // xor %edi, %edi
			0x0f, 0x05, // syscall
		},
	},
	"arm64": {
		machine: 183,
		pause: words(
			0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800004, // mov x0…x4, #0
			0xd2800000|73<<5|8, // mov x8, #SYS_ppoll
			0xd4000001,         // svc #0
			0x17fffff9,         // b to the start
		),
		exit: words(
			0xd2800000,         // mov x0, #0
			0xd2800000|94<<5|8, // mov x8, #SYS_exit_group
			0xd4000001,         // svc #0
		),
	},
}

func words(ws ...uint32) []byte {
	var b []byte
	for _, w := range ws {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

const (
	elfBase   = 0x400000
	elfHeader = 64
	elfSeg    = 56
)

// elf is a static executable of one segment, which is the whole file.
func elf(machine uint16, code []byte) []byte {
	const start = elfHeader + elfSeg
	size := uint64(start + len(code))
	var b bytes.Buffer
	put := func(v any) { _ = binary.Write(&b, binary.LittleEndian, v) }
	b.Write([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	put(struct {
		Type, Machine                                  uint16
		Version                                        uint32
		Entry, ProgramHeaders, SectionHeaders          uint64
		Flags                                          uint32
		HeaderSize, SegSize, Segs, SecSize, Secs, Name uint16
	}{2, machine, 1, elfBase + start, elfHeader, 0, 0, elfHeader, elfSeg, 1, 0, 0, 0})
	put(struct {
		Type, Flags                                     uint32
		Offset, Virtual, Physical, InFile, InMem, Align uint64
	}{1, 5 /* read, execute */, 0, elfBase, elfBase, size, size, 0x1000})
	b.Write(code)
	return b.Bytes()
}
