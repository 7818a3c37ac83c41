package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/internal/nodev1"
)

// output is both streams of a command: FIFOs, spools, and the one cap that
// they share. It is filled by a pump for each stream, as fast as the command
// writes, whatever control does; the disk is bounded by the cap. The third
// spool, of events, is the agent's own and has a cap of its own (event.go).
type output struct {
	cap    int64
	spools [3]*spool // stdout, stderr, events
	fifos  [2]*os.File
	keep   [2]*os.File   // writing ends: no EOF before the command has ended
	wake   chan struct{} // holds one token while there is something to ship
	cutOff chan struct{} // closed when something was thrown away

	mu     sync.Mutex // held while bytes move, so that the cap is exact
	used   int64
	cut    bool
	err    error             // a spool cannot be written
	noted  bool              // events are taken no more
	missed int64             // of them, for want of room
	last   glovebox.NetEvent // the last of those
	trash  []byte

	pumps  sync.WaitGroup
	closed bool // nothing can be added any more
	sealed chan struct{}
}

// openOutput opens or makes the spools of a sandbox.
func openOutput(dir folder, limit, punchStep int64) (*output, error) {
	o := &output{cap: limit, wake: make(chan struct{}, 1), cutOff: make(chan struct{}), sealed: make(chan struct{})}
	for i, name := range []string{fifoStdout, fifoStderr} {
		sp, err := openSpool(dir.file(name+spoolSuffix), punchStep)
		if err != nil {
			o.closeFiles()
			return nil, err
		}
		o.spools[i] = sp
		o.used += sp.size.Load()
		o.fifos[i], o.keep[i], err = openFIFO(dir.file(name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			o.closeFiles()
			return nil, onDisk("open the FIFO "+name, err)
		}
	}
	events, err := openSpool(dir.file(fileEvents+spoolSuffix), punchStep)
	if err != nil {
		o.closeFiles()
		return nil, err
	}
	o.spools[2] = events
	if o.used > limit && limit > 0 { // only marks go beyond the cap
		o.cut = true
		close(o.cutOff)
		for _, sp := range o.spools[:2] {
			sp.marked = sp.endsWith(o.mark())
		}
	}
	return o, nil
}

// openFIFO opens both ends, so that neither open waits for a peer and the
// reader sees no end before the writer here is closed.
func openFIFO(path string) (r, w *os.File, err error) {
	if r, err = os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0); err != nil {
		return nil, nil, err
	}
	if w, err = os.OpenFile(path, os.O_WRONLY|unix.O_NONBLOCK, 0); err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, w, nil
}

// mark is the line that ends an output which was cut.
func (o *output) mark() []byte {
	return fmt.Appendf(nil, "\n[glovebox: output cut at %d bytes]\n", o.cap)
}

// sizes says how much there is, with marks.
func (o *output) sizes(r *nodev1.Sandbox) {
	r.Stdout, r.Stderr, r.Events = o.spools[0].size.Load(), o.spools[1].size.Load(), o.spools[2].size.Load()
	r.Truncated = o.isCut()
}

func (o *output) isCut() bool {
	select {
	case <-o.cutOff:
		return true
	default:
		return false
	}
}

// cutKind says why the output was cut.
func (o *output) cutKind() glovebox.Kind {
	if o.failure() != nil {
		return glovebox.KindInternal
	}
	return glovebox.KindOutput
}

func (o *output) failure() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// finish takes what is left in the FIFOs, for at most d if somebody still
// holds them open, and seals the output.
func (o *output) finish(d time.Duration) {
	if o.closed {
		return
	}
	o.closed = true
	o.noteEnd()
	for i, w := range o.keep {
		if w != nil {
			w.Close()
			o.keep[i] = nil
			_ = o.fifos[i].SetReadDeadline(time.Now().Add(d))
		}
	}
	o.pumps.Wait()
	close(o.sealed)
	o.notify()
}

func (o *output) isSealed() bool {
	select {
	case <-o.sealed:
		return true
	default:
		return false
	}
}

// acknowledged says whether the output is complete and control has it.
func (o *output) acknowledged() bool {
	return o.isSealed() && o.spools[0].isAcked() && o.spools[1].isAcked() && o.spools[2].isAcked()
}

// abandon stops at once, keeping what is spooled. Nothing may use o after it.
func (o *output) abandon() {
	o.finish(-time.Hour)
	o.closeFiles()
}

func (o *output) closeFiles() {
	for _, f := range []*os.File{o.fifos[0], o.keep[0], o.fifos[1], o.keep[1]} {
		if f != nil {
			f.Close()
		}
	}
	for _, sp := range o.spools {
		if sp != nil {
			sp.f.Close()
		}
	}
}

func (o *output) notify() { signal(o.wake) }
