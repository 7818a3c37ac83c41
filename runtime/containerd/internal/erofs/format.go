package erofs

import (
	"encoding/binary"
	"hash/crc32"

	"golang.org/x/sys/unix"
)

// Sizes and offsets of the format, in bytes.
const (
	blockBits   = 12
	blockSize   = 1 << blockBits
	superOffset = 1024
	inodeSize   = 64
	slotSize    = 32 // inodes are counted in slots of this size
	direntSize  = 12
	maxName     = 255
	maxTarget   = 4095 // of a link
	maxInline   = blockSize - inodeSize
)

const (
	magic          = 0xe0f5e1e2
	compatChecksum = 1 // the superblock has a checksum
	compatMtime    = 2 // times of inodes are of the last write
	extended       = 1 // the inode has 64 bytes
	layoutPlain    = 0 << 1
	layoutInline   = 2 << 1 // the last part of the data follows the inode
)

// fileTypes are what folders say of their entries.
var fileTypes = map[uint16]byte{
	unix.S_IFREG: 1, unix.S_IFDIR: 2, unix.S_IFIFO: 5, unix.S_IFSOCK: 6, unix.S_IFLNK: 7,
}

// superblock returns block 0.
func superblock(root *node, inodes uint64, blocks uint32) []byte {
	b := make([]byte, blockSize)
	s := b[superOffset:]
	le := binary.LittleEndian
	le.PutUint32(s[0:], magic)
	le.PutUint32(s[8:], compatChecksum|compatMtime)
	s[12] = blockBits
	le.PutUint16(s[14:], uint16(root.id())) // the first inode, so it fits
	le.PutUint64(s[16:], inodes)
	le.PutUint32(s[36:], blocks)
	le.PutUint32(s[4:], ^crc32.Checksum(s, crc32.MakeTable(crc32.Castagnoli)))
	return b
}

// inode returns the head of n, without the data that may follow it.
func (n *node) inode(number uint32) []byte {
	b := make([]byte, inodeSize)
	le := binary.LittleEndian
	layout := uint16(layoutPlain)
	if n.tail > 0 {
		layout = layoutInline
	}
	le.PutUint16(b[0:], layout|extended)
	le.PutUint16(b[4:], n.mode)
	le.PutUint64(b[8:], uint64(n.size))
	le.PutUint32(b[16:], n.block)
	le.PutUint32(b[20:], number)
	le.PutUint32(b[24:], n.uid)
	le.PutUint32(b[28:], n.gid)
	le.PutUint64(b[32:], uint64(n.mtime.Sec))
	le.PutUint32(b[40:], uint32(n.mtime.Nsec))
	le.PutUint32(b[44:], n.links)
	return b
}

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }

func blocksOf(n int64) int64 { return roundUp(n, blockSize) / blockSize }
