package launch_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// program is a static x86 program of the given instructions.
func program(code ...byte) []byte {
	const base, headers = 0x400000, 64 + 56
	var b bytes.Buffer
	b.Write([]byte{0x7f, 'E', 'L', 'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	put(&b, uint16(2), uint16(62), uint32(1), uint64(base+headers), uint64(64), uint64(0))
	put(&b, uint32(0), uint16(64), uint16(56), uint16(1), uint16(0), uint16(0), uint16(0))
	size := uint64(headers + len(code))
	put(&b, uint32(1), uint32(5), uint64(0), uint64(base), uint64(base), size, size, uint64(4096))
	return append(b.Bytes(), code...)
}

// pauseImage is an EROFS file with one program, /pause, which calls pause
// forever: a super block, two inodes, and a block of data for each.
func pauseImage(t testing.TB) string {
	const block, root, pause = 4096, 64, 65
	data := program(0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7)
	names := []string{".", "..", "pause"}
	var dir bytes.Buffer
	at := uint16(12 * len(names))
	for i, nid := range []uint64{root, root, pause} {
		put(&dir, nid, at, []byte{2, 2, 1}[i], uint8(0))
		at += uint16(len(names[i]))
	}
	for _, name := range names {
		dir.WriteString(name)
	}
	image := make([]byte, 3*block)
	var super, inodes bytes.Buffer
	put(&super, uint32(0xe0f5e1e2), uint32(0), uint32(0), uint8(12), uint8(0), uint16(root), uint64(2), uint64(0), uint32(0), uint32(3))
	inode := func(mode, links uint16, size, at, ino uint32) {
		put(&inodes, uint16(0), uint16(0), mode, links, size, uint32(0), at, ino, uint16(0), uint16(0), uint32(0))
	}
	inode(0o040755, 2, uint32(dir.Len()), 1, 1)
	inode(0o100755, 1, uint32(len(data)), 2, 2)
	copy(image[1024:], super.Bytes())
	copy(image[root*32:], inodes.Bytes())
	copy(image[block:], dir.Bytes())
	copy(image[2*block:], data)
	path := filepath.Join(t.TempDir(), "pause.erofs")
	must(t, os.WriteFile(path, image, 0o644))
	return path
}

func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		_ = binary.Write(b, binary.LittleEndian, v)
	}
}
