package nbd

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
)

// sector is what a disk writes whole or not at all, in bytes.
const sector = 512

// Disk is a file with a volatile cache in front of it. The file has only what
// was flushed.
type Disk struct {
	size int64

	mu     sync.Mutex
	file   *os.File
	cache  map[int64][]byte // sector number → what a read finds there
	writes []write          // not flushed, in the order in which they came
	lying  bool
	off    bool
	counts Counts
}

// write is one sector that was written.
type write struct {
	number int64
	data   []byte
}

// Counts is what a disk has done since it was opened.
type Counts struct{ Sectors, Flushes int }

// Open opens the disk that is kept in the file.
func Open(path string) (*Disk, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && st.Size()%sector != 0 {
		err = fmt.Errorf("%s has %d bytes, not whole sectors", path, st.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Disk{size: st.Size(), file: f, cache: map[int64][]byte{}}, nil
}

// Size in bytes.
func (d *Disk) Size() int64 { return d.size }

// errOff is what a disk without power answers.
var errOff = errors.New("the disk has no power")

// check refuses what is not within the disk or not of whole sectors.
func (d *Disk) check(n int, off int64) error {
	switch {
	case d.off:
		return errOff
	case off < 0 || off > d.size || int64(n) > d.size-off:
		return fmt.Errorf("%d bytes at %d are beyond the end", n, off)
	case off%sector != 0 || n%sector != 0:
		return fmt.Errorf("%d bytes at %d are not whole sectors", n, off)
	}
	return nil
}

// ReadAt reads whole sectors, the newest that were written.
func (d *Disk) ReadAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.check(len(p), off); err != nil {
		return 0, err
	}
	if _, err := d.file.ReadAt(p, off); err != nil {
		return 0, err
	}
	for at := 0; at < len(p) && len(d.cache) > 0; at += sector {
		if data, ok := d.cache[(off+int64(at))/sector]; ok {
			copy(p[at:at+sector], data)
		}
	}
	return len(p), nil
}

// WriteAt writes whole sectors into the cache.
func (d *Disk) WriteAt(p []byte, off int64) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.check(len(p), off); err != nil {
		return 0, err
	}
	d.counts.Sectors += len(p) / sector
	own := slices.Clone(p)
	for at := 0; at < len(own); at += sector {
		w := write{(off + int64(at)) / sector, own[at : at+sector]}
		d.cache[w.number] = w.data
		d.writes = append(d.writes, w)
	}
	return len(p), nil
}

// Flush keeps everything that was written so far, or says so.
func (d *Disk) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.off {
		return errOff
	}
	d.counts.Flushes++
	if d.lying {
		return nil
	}
	return d.keep()
}

// keep moves the cache to the file; of writes to one sector, the last counts.
func (d *Disk) keep() error {
	for _, number := range slices.Sorted(maps.Keys(d.cache)) {
		if _, err := d.file.WriteAt(d.cache[number], number*sector); err != nil {
			return err
		}
	}
	clear(d.cache)
	d.writes = nil
	return nil
}

// Lie makes every later flush a lie: it is acknowledged, and nothing is kept.
// That is for showing what a test does when durability is really broken.
func (d *Disk) Lie() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lying = true
}

// Counts returns what the disk has done.
func (d *Disk) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts
}
