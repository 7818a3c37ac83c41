package erofs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Write writes the tree at dir, which nobody changes meanwhile, to the empty
// file out. It does not sync. Errors: KindImageTooLarge for a tree over max;
// all others are as the kernel gave them, with out in no state to be used.
func Write(ctx context.Context, dir string, out *os.File, max Limits) error {
	root, err := os.OpenFile(dir, unix.O_DIRECTORY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	defer root.Close()
	t, err := readTree(ctx, root, max)
	if err != nil {
		return err
	}
	size := t.place()
	if size > math.MaxUint32 {
		return glovebox.Errorf(glovebox.KindImageTooLarge, "image needs %d blocks of %d bytes", size, blockSize)
	}
	w := newSink(out)
	w.write(0, superblock(t.nodes[0], uint64(len(t.nodes)), uint32(size)))
	for i, n := range t.nodes {
		w.write(n.at, n.inode(uint32(i+1)))
		if n.tail > 0 {
			data := n.data()
			w.write(n.at+inodeSize, data[len(data)-n.tail:])
		}
	}
	for _, n := range t.nodes {
		if !n.is(unix.S_IFREG) && n.size > int64(n.tail) {
			data := n.data()
			w.write(int64(n.block)*blockSize, data[:len(data)-n.tail])
		}
	}
	for _, n := range t.nodes {
		if n.is(unix.S_IFREG) && n.size > 0 {
			if err := t.copy(w, n); err != nil {
				return fmt.Errorf("copy %q: %w", n.path(), err)
			}
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	return out.Truncate(size * blockSize)
}

// place gives every inode and all data its place and returns how many blocks
// that takes.
func (t *tree) place() int64 {
	at := int64(blockSize)
	for _, n := range t.nodes {
		if !n.is(unix.S_IFREG) {
			if tail := int((n.size-1)%blockSize) + 1; n.size > 0 && tail <= maxInline {
				n.tail = tail
			}
		}
		need := int64(inodeSize + n.tail)
		if at%blockSize+need > blockSize { // nothing of it may cross into another block
			at = roundUp(at, blockSize)
		}
		n.at = at
		at += roundUp(need, slotSize)
	}
	next := blocksOf(at)
	for _, regular := range []bool{false, true} {
		for _, n := range t.nodes {
			if blocks := blocksOf(n.size - int64(n.tail)); n.is(unix.S_IFREG) == regular && blocks > 0 {
				n.block = uint32(next) // if it does not fit, the whole does not
				next += blocks
			}
		}
	}
	return next
}

var errChanged = errors.New("it changed while it was read")

// copy copies the content of a regular file. Its holes are skipped.
func (t *tree) copy(w *sink, n *node) error {
	f, err := open(t.root, n.path(), 0)
	if err != nil {
		return err
	}
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return err
	}
	if uint16(st.Mode) != n.mode || st.Size != n.size {
		return errChanged
	}
	holes := st.Blocks*512 < st.Size
	for from, to := int64(0), n.size; from < n.size; from = to {
		if holes {
			if from, to, err = extent(f, from, n.size); err != nil || from == to {
				return err
			}
		}
		if err := t.copyPart(w, f, int64(n.block)*blockSize, from, to); err != nil {
			return err
		}
	}
	return nil
}

// extent returns where data begins, at from or later, and ends; both are size
// if there is none.
func extent(f *os.File, from, size int64) (int64, int64, error) {
	begin, err := f.Seek(from, unix.SEEK_DATA)
	if errors.Is(err, unix.ENXIO) {
		return size, size, nil
	}
	if err != nil {
		return 0, 0, err
	}
	end, err := f.Seek(begin, unix.SEEK_HOLE)
	return begin, min(end, size), err
}

func (t *tree) copyPart(w *sink, f *os.File, base, from, to int64) error {
	for from < to {
		if err := t.ctx.Err(); err != nil {
			return err
		}
		room, err := w.room(base + from)
		if err != nil {
			return err
		}
		got, err := f.ReadAt(room[:min(int64(len(room)), to-from)], from)
		if got == 0 && (err == nil || errors.Is(err, io.EOF)) {
			return errChanged
		}
		if got == 0 {
			return err
		}
		w.took(got)
		from += int64(got)
	}
	return nil
}
