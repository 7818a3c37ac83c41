package nbd

import "math/rand/v2"

// Loss is what a power cut took.
type Loss struct {
	Unflushed int // sectors written and not flushed
	Kept      int // of these, the ones that reached the disk all the same
}

// Cut takes the power away: everything that is not flushed is lost. With a
// random source, each of these sectors has an even chance to reach the disk, and
// they do so in any order, so that of two writes to one sector the older may
// stay. Nothing can be read or written any more, until Restore.
func (d *Disk) Cut(random *rand.Rand) (Loss, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off = true
	loss := Loss{Unflushed: len(d.writes)}
	if random != nil {
		for _, i := range random.Perm(len(d.writes)) {
			if random.IntN(2) == 0 {
				continue
			}
			w := d.writes[i]
			if _, err := d.file.WriteAt(w.data, w.number*sector); err != nil {
				return loss, err
			}
			loss.Kept++
		}
	}
	clear(d.cache)
	d.writes = nil
	return loss, nil
}

// Restore gives the power back. The disk is honest again.
func (d *Disk) Restore() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.off, d.lying = false, false
}

// Close keeps what is in the cache and closes the file.
func (d *Disk) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.keep()
	if cerr := d.file.Close(); err == nil {
		err = cerr
	}
	return err
}
