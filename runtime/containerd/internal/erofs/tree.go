package erofs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Limits bound what a tree may cost, whatever was promised of it before.
// More is KindImageTooLarge.
type Limits struct {
	Entries int   // names in all folders; each costs some 200 bytes of memory here
	Bytes   int64 // of all regular files
}

// tree reads the folders of an image.
type tree struct {
	ctx   context.Context
	root  *os.File
	left  Limits
	max   Limits
	nodes []*node // the root first
	known map[fileID]*node
}

// fileID tells names of one file from those of another.
type fileID struct{ dev, ino uint64 }

func readTree(ctx context.Context, root *os.File, max Limits) (*tree, error) {
	t := &tree{ctx: ctx, root: root, left: max, max: max, known: map[fileID]*node{}}
	var st unix.Stat_t
	if err := unix.Fstat(int(root.Fd()), &st); err != nil {
		return nil, fmt.Errorf("look at the image's root: %w", err)
	}
	n := newNode(nil, "", st)
	t.nodes = append(t.nodes, n)
	return t, t.folder(n)
}

// folder reads a folder and all below it. Of one file descriptor at a time:
// how deep folders go is up to the image.
func (t *tree) folder(n *node) error {
	if err := t.ctx.Err(); err != nil {
		return err
	}
	first := len(t.nodes)
	if err := t.entries(n); err != nil {
		return err
	}
	for _, child := range t.nodes[first:] {
		if child.is(unix.S_IFDIR) {
			if err := t.folder(child); err != nil {
				return err
			}
		}
	}
	n.close()
	return nil
}

func (t *tree) entries(n *node) error {
	at := n.path()
	dir, err := open(t.root, at, unix.O_DIRECTORY)
	if err != nil {
		return fmt.Errorf("open folder %q: %w", at, err)
	}
	defer dir.Close()
	names, err := t.names(dir)
	if err != nil {
		return fmt.Errorf("read folder %q: %w", at, err)
	}
	for _, name := range names {
		if err := t.entry(n, dir, name); err != nil {
			return fmt.Errorf("look at %q: %w", path.Join(at, name), err)
		}
	}
	return nil
}

// names lists a folder, sorted: the order in which a file system tells them is
// its own, and must not show in what is written.
func (t *tree) names(dir *os.File) ([]string, error) {
	var all []string
	for {
		some, err := dir.Readdirnames(1024)
		if errors.Is(err, io.EOF) {
			slices.Sort(all)
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if t.left.Entries -= len(some); t.left.Entries < 0 {
			return nil, glovebox.Errorf(glovebox.KindImageTooLarge, "image has more than %d files", t.max.Entries)
		}
		all = append(all, some...)
	}
}

// entry adds what a folder has under a name, unless it is a device.
func (t *tree) entry(n *node, dir *os.File, name string) error {
	if len(name) > maxName {
		return unix.ENAMETOOLONG
	}
	var st unix.Stat_t
	if err := unix.Fstatat(int(dir.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return err
	}
	if fileTypes[uint16(st.Mode&unix.S_IFMT)] == 0 {
		return nil
	}
	id := fileID{st.Dev, st.Ino}
	if known := t.known[id]; known != nil && known.mode == uint16(st.Mode) {
		known.links++
		n.entries = append(n.entries, entry{name, known})
		return nil
	}
	child := newNode(n, name, st)
	switch {
	case child.is(unix.S_IFREG):
		child.size = st.Size
		if t.left.Bytes -= st.Size; st.Size < 0 || t.left.Bytes < 0 {
			return glovebox.Errorf(glovebox.KindImageTooLarge, "image has files of more than %d bytes", t.max.Bytes)
		}
	case child.is(unix.S_IFLNK):
		b := make([]byte, maxTarget+1)
		size, err := unix.Readlinkat(int(dir.Fd()), name, b)
		if err != nil {
			return err
		}
		if size == 0 || size > maxTarget {
			return unix.ENAMETOOLONG
		}
		child.target, child.size = string(b[:size]), int64(size)
	}
	if st.Nlink > 1 && !child.is(unix.S_IFDIR) {
		t.known[id] = child
	}
	t.nodes = append(t.nodes, child)
	n.entries = append(n.entries, entry{name, child})
	return nil
}

func newNode(in *node, name string, st unix.Stat_t) *node {
	return &node{in: in, name: name, mode: uint16(st.Mode), uid: st.Uid, gid: st.Gid, links: 1, mtime: st.Mtim}
}

// open opens what is at a path below root and nothing else: no link is
// followed on the way, no mount crossed, and there is no waiting.
func open(root *os.File, path string, flags uint64) (*os.File, error) {
	fd, err := unix.Openat2(int(root.Fd()), path, &unix.OpenHow{
		Flags:   unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | flags,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS | unix.RESOLVE_NO_XDEV,
	})
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), path), nil
}
