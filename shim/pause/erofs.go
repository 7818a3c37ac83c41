package pause

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// file is a file in the image's root, or without a body an empty folder.
type file struct {
	name string
	body []byte
}

const (
	blockBits  = 12
	block      = 1 << blockBits
	slotBits   = 5 // an inode's number counts slots of 32 bytes
	metaBlock  = 1 // inodes are in the block after the superblock
	magic      = 0xe0f5e1e2
	superblock = 1024 // where it is

	modeDir  = 0o040555
	modeFile = 0o100555
	typeFile = 1
	typeDir  = 2
)

// inode is the short form of EROFS, with its data in blocks of their own.
type inode struct {
	Format, Xattrs, Mode, Links uint16
	Size, Mtime, Block, Ino     uint32
	UID, GID                    uint16
	Reserved                    uint32
}

// image lays the files out: superblock, one block of inodes, then a block or
// more for each inode's data.
func image(files []file) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	if inodes := len(files) + 1; inodes<<slotBits > block {
		return nil, fmt.Errorf("%d files do not fit into one block of inodes", inodes)
	}
	bodies := [][]byte{rootFolder(files)}
	inodes := []inode{{Mode: modeDir, Links: uint16(2 + folders(files))}}
	for i, f := range files {
		if f.body == nil {
			bodies = append(bodies, folder([]entry{{".", uint64(i + 1), typeDir}, {"..", 0, typeDir}}))
			inodes = append(inodes, inode{Mode: modeDir, Links: 2})
		} else {
			bodies = append(bodies, f.body)
			inodes = append(inodes, inode{Mode: modeFile, Links: 1})
		}
	}
	var meta, data bytes.Buffer
	for i := range inodes {
		in := &inodes[i]
		in.Size, in.Ino = uint32(len(bodies[i])), uint32(i+1)
		in.Block = uint32(metaBlock + 1 + data.Len()/block)
		_ = binary.Write(&meta, binary.LittleEndian, in)
		data.Write(bodies[i])
		data.Write(make([]byte, -len(bodies[i])&(block-1)))
	}
	out := make([]byte, superblock, 2*block+data.Len())
	out = append(out, super(len(inodes), 2+data.Len()/block)...)
	out = append(out, make([]byte, block-len(out))...)
	out = append(out, meta.Bytes()...)
	out = append(out, make([]byte, 2*block-len(out))...)
	return append(out, data.Bytes()...), nil
}

func super(inodes, blocks int) []byte {
	b := make([]byte, 128)
	le := binary.LittleEndian
	le.PutUint32(b, magic)
	b[12] = blockBits
	le.PutUint16(b[14:], 0) // the root is the first inode
	le.PutUint64(b[16:], uint64(inodes))
	le.PutUint32(b[36:], uint32(blocks))
	le.PutUint32(b[40:], metaBlock)
	return b
}

func folders(files []file) (n int) {
	for _, f := range files {
		if f.body == nil {
			n++
		}
	}
	return n
}

func rootFolder(files []file) []byte {
	entries := []entry{{".", 0, typeDir}, {"..", 0, typeDir}}
	for i, f := range files {
		kind := byte(typeFile)
		if f.body == nil {
			kind = typeDir
		}
		entries = append(entries, entry{f.name, uint64(i + 1), kind})
	}
	return folder(entries)
}

type entry struct {
	name string
	nid  uint64
	kind byte
}

// folder is one block of a directory: the entries, then their names.
func folder(entries []entry) []byte {
	const size = 12
	var head, names bytes.Buffer
	for _, e := range entries {
		var b [size]byte
		binary.LittleEndian.PutUint64(b[:], e.nid)
		binary.LittleEndian.PutUint16(b[8:], uint16(size*len(entries)+names.Len()))
		b[10] = e.kind
		head.Write(b[:])
		names.WriteString(e.name)
	}
	return append(head.Bytes(), names.Bytes()...)
}
