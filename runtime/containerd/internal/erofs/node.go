package erofs

import (
	"cmp"
	"encoding/binary"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// node is one inode: a file, folder, link, FIFO or socket.
type node struct {
	in   *node  // the folder it was found in first; nil for the root
	name string // in there

	mode     uint16 // type and permissions, as stat has them
	uid, gid uint32
	links    uint32 // names it has in the tree
	mtime    unix.Timespec
	size     int64

	target  string  // of a link
	entries []entry // of a folder

	at    int64  // where its inode begins in the file
	block uint32 // where its data begins, but for the tail
	tail  int    // bytes of data right after the inode
}

type entry struct {
	name string
	node *node
}

func (n *node) is(kind uint16) bool { return n.mode&unix.S_IFMT == kind }

// id is what folders call the inode.
func (n *node) id() uint64 { return uint64(n.at / slotSize) }

// path leads from the root to the node; "." is the root.
func (n *node) path() string {
	if n.in == nil {
		return "."
	}
	return path.Join(n.in.path(), n.name)
}

// close ends the filling of a folder. Entries are sorted by their bytes, "."
// and ".." among them: they are found by halving.
func (n *node) close() {
	parent := n.in
	if parent == nil {
		parent = n
	}
	n.links = 2
	for _, e := range n.entries {
		if e.node.is(unix.S_IFDIR) {
			n.links++
		}
	}
	n.entries = append(n.entries, entry{".", n}, entry{"..", parent})
	slices.SortFunc(n.entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
	for rest := n.entries; len(rest) > 0; {
		count, used := fill(rest)
		n.size = roundUp(n.size, blockSize) + int64(used)
		rest = rest[count:]
	}
}

// fill returns how many entries fit into one block, and the bytes they take.
func fill(entries []entry) (count, used int) {
	for _, e := range entries {
		more := direntSize + len(e.name)
		if used+more > blockSize {
			break
		}
		count, used = count+1, used+more
	}
	return count, used
}

// data is the content of a folder or link. A folder's entries must have their
// places.
func (n *node) data() []byte {
	if n.is(unix.S_IFLNK) {
		return []byte(n.target)
	}
	b := make([]byte, 0, n.size)
	for rest := n.entries; len(rest) > 0; {
		b = append(b, make([]byte, roundUp(int64(len(b)), blockSize)-int64(len(b)))...)
		count, _ := fill(rest)
		b = appendBlock(b, rest[:count])
		rest = rest[count:]
	}
	return b
}

// appendBlock appends a block of a folder: the entries, then their names.
func appendBlock(b []byte, entries []entry) []byte {
	name := len(entries) * direntSize
	for _, e := range entries {
		b = binary.LittleEndian.AppendUint64(b, e.node.id())
		b = binary.LittleEndian.AppendUint16(b, uint16(name))
		b = append(b, fileTypes[e.node.mode&unix.S_IFMT], 0)
		name += len(e.name)
	}
	for _, e := range entries {
		b = append(b, e.name...)
	}
	return b
}
