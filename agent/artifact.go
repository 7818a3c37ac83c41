package agent

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"

	"glovebox"
	"glovebox/internal/nodev1"
)

// fileCollected is in a sandbox's folder once all that its command left is in the
// spools. Without it, the next agent collects again from the beginning: what was
// left cannot change any more.
const fileCollected = "collected"

// The spools of artifacts, in the place for what is on the disk. Most jobs leave
// nothing and have none.
const (
	spooledArtifacts = "artifacts" + spoolSuffix
	spooledIndex     = "artifacts.index" + spoolSuffix
)

// collected says how much there is in the spools of artifacts.
type collected struct {
	Bytes     int64 `json:"bytes"` // of files
	Index     int64 `json:"index"` // of the list
	LeftOut   int64 `json:"leftOut,omitempty"`
	Truncated bool  `json:"truncated,omitempty"` // for want of room or time
}

// tell puts it into a report.
func (c *collected) tell(r *nodev1.Sandbox) {
	r.Artifacts, r.ArtifactsIndex, r.ArtifactsLeftOut, r.ArtifactsTruncated = c.Bytes, c.Index, c.LeftOut, c.Truncated
}

func (f folder) writeCollected(c *collected) error {
	b, err := json.Marshal(c)
	if err != nil {
		return onDisk("encode what was collected", err)
	}
	return f.write(fileCollected, b)
}

// collected returns the record, nil if there is none that can be read.
func (f folder) collected() *collected {
	b, err := os.ReadFile(f.file(fileCollected))
	var c collected
	if err != nil || json.Unmarshal(b, &c) != nil {
		return nil
	}
	return &c
}

// reopenArtifacts opens what an earlier agent has collected to the end.
func (o *output) reopenArtifacts(dir folder) error {
	c := dir.collected()
	if c == nil {
		return nil
	}
	err := o.spools[spoolArtifacts].reopen(dir.kept(spooledArtifacts), c.Bytes)
	if err == nil {
		err = o.spools[spoolIndex].reopen(dir.kept(spooledIndex), c.Index)
	}
	o.left.Store(c)
	return err
}

// collecting takes what the command has left, if the runtime can hand that over,
// before its end is told.
func (s *sandbox) collecting(e *nodev1.Exit) state {
	if s.a.cfg.Collector == nil || s.out.left.Load() != nil {
		return s.end(e)
	}
	return func(ctx context.Context) state {
		if s.halted("collect") {
			return nil
		}
		cctx, cancel := context.WithTimeout(ctx, s.work.spec.Limits.CollectTime())
		defer cancel()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.collect(cctx, ctx)
		}()
		for {
			select {
			case <-done:
				if ctx.Err() != nil || s.halted("collected") {
					return nil // the next agent goes on
				}
				return s.end(e)
			case <-s.wake:
				if s.wish().vanished() {
					cancel()
					<-done
					return s.destroying
				}
			}
		}
	}
}

// collect fills the spools of artifacts, until ctx ends at the latest: what came
// until then counts, unless the agent itself is to end.
func (s *sandbox) collect(ctx, life context.Context) {
	b := backoff{max: s.a.cfg.MaxBackoff}
	for {
		c, err := s.gather(ctx)
		if life.Err() != nil {
			return
		}
		if again(err) && b.wait(ctx) {
			continue
		}
		c.Truncated = c.Truncated || err != nil
		s.publish(c)
		if err != nil {
			s.a.cfg.Log.Warn("not all that a job left could be collected", "sandbox", s.id, "kind", string(glovebox.KindOf(err)), "error", err)
		}
		return
	}
}

// again says whether the same call may do later.
func again(err error) bool {
	kind := glovebox.KindOf(err)
	return kind == glovebox.KindUnavailable || kind == glovebox.KindConflict
}

// publish lets what was collected be shipped. A record that cannot be written
// means only that the next agent collects again.
func (s *sandbox) publish(c collected) {
	if c == (collected{}) {
		return
	}
	_ = s.dir.writeCollected(&c)
	s.out.spools[spoolArtifacts].publish(c.Bytes)
	s.out.spools[spoolIndex].publish(c.Index)
	s.out.left.Store(&c)
	s.out.notify()
}

// gather makes one try: the runtime writes an archive into a pipe, and what can
// be kept of it goes into the spools. The error is the runtime's, or the disk's;
// what came before it is whole.
func (s *sandbox) gather(ctx context.Context) (collected, error) {
	r, w := io.Pipe()
	stop := context.AfterFunc(ctx, func() { r.CloseWithError(ctx.Err()) })
	defer stop()
	told := make(chan int, 1)
	go func() {
		n, err := s.a.cfg.Collector.Collect(ctx, s.id, w)
		w.CloseWithError(err) // which is what the reader gets after the last byte
		told <- max(n, 0)
	}()
	g := &gathering{room: s.work.spec.Limits.Artifacts, open: s.openArtifacts}
	err := g.read(r)
	if err == nil {
		_, err = io.Copy(io.Discard, r) // what follows the end of the archive
	}
	r.CloseWithError(errEnough)
	leftOut := <-told
	c := g.end()
	c.LeftOut += int64(leftOut)
	return c, err
}

// errEnough is what the runtime hears when the archive is not read to its end.
var errEnough = errors.New("the archive is not read any further")

// openArtifacts makes the spools, empty.
func (s *sandbox) openArtifacts() (data, index *os.File, err error) {
	d, i := s.out.spools[spoolArtifacts], s.out.spools[spoolIndex]
	d.close() // of a try before
	i.close()
	if err := d.open(s.dir.kept(spooledArtifacts)); err != nil {
		return nil, nil, err
	}
	err = i.open(s.dir.kept(spooledIndex))
	return d.f, i.f, err
}

// dropArtifacts removes the spools of artifacts.
func (f folder) dropArtifacts() error {
	for _, name := range []string{spooledArtifacts, spooledIndex} {
		if err := os.Remove(f.kept(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return onDisk("remove what is kept of the sandbox", err)
		}
	}
	return nil
}
