package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/internal/nodev1"
)

// output is both streams of a command: FIFOs, spools, and the one cap that
// they share. It is filled by a pump for each stream, as fast as the command
// writes, whatever control does; the disk is bounded by the cap. The third
// spool, of events, is the agent's own and has a cap of its own (event.go). The
// last two are for what the command has left when it ended (artifact.go).
type output struct {
	cap    int64
	spools [streams]*spool
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

	left atomic.Pointer[collected] // what the command has left, once that is known and not nothing

	pumps   sync.WaitGroup
	poll    time.Duration // Config.Poll
	until   atomic.Int64  // with it: UnixNano after which the FIFOs are left alone; 0 = never
	settled bool          // the command writes no more
	closed  bool          // nothing can be added any more
	sealed  chan struct{}
}

// The spools of an output.
const (
	spoolStdout = iota
	spoolStderr
	spoolEvents
	spoolArtifacts
	spoolIndex
	streams
)

// openOutput opens or makes the spools of a sandbox.
func openOutput(dir folder, limit, punchStep int64) (*output, error) {
	o := &output{cap: limit, wake: make(chan struct{}, 1), cutOff: make(chan struct{}), sealed: make(chan struct{})}
	o.spools[spoolArtifacts], o.spools[spoolIndex] = laterSpool(punchStep), laterSpool(punchStep)
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
	o.spools[spoolEvents] = events
	if err := o.reopenArtifacts(dir); err != nil {
		o.closeFiles()
		return nil, err
	}
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
	r.Stdout, r.Stderr, r.Events = o.spools[spoolStdout].size.Load(), o.spools[spoolStderr].size.Load(), o.spools[spoolEvents].size.Load()
	r.Truncated = o.isCut()
	if left := o.left.Load(); left != nil {
		left.tell(r)
	}
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

// settle takes what is left in the FIFOs, for at most d if somebody still holds
// them open. Only artifacts can be added after it.
func (o *output) settle(d time.Duration) {
	if o.settled {
		return
	}
	o.settled = true
	o.noteEnd()
	o.until.Store(time.Now().Add(d).UnixNano())
	for i, w := range o.keep {
		if w != nil {
			w.Close()
			o.keep[i] = nil
			_ = o.fifos[i].SetReadDeadline(time.Now().Add(d))
		}
	}
	o.pumps.Wait()
}

// finish settles the output and seals it.
func (o *output) finish(d time.Duration) {
	o.settle(d)
	if o.closed {
		return
	}
	o.closed = true
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
	if !o.isSealed() {
		return false
	}
	for _, sp := range o.spools {
		if !sp.isAcked() {
			return false
		}
	}
	return true
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
			sp.close()
		}
	}
}

func (o *output) notify() { signal(o.wake) }
