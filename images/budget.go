package images

import (
	"context"
	"io"
	"sync/atomic"
)

// budget is what is left of the caps for all layers of an image together.
type budget struct {
	stream  counter // bytes of the tar streams
	files   counter // bytes of the files in them, which may be sparse
	entries counter
}

func newBudget(c Caps) *budget {
	b := &budget{}
	b.stream.cap, b.files.cap, b.entries.cap = c.Unpacked, c.Unpacked, c.Entries
	return b
}

type counter struct {
	cap  int64
	used atomic.Int64
}

// spend adds n, and says whether that is still within the cap.
func (c *counter) spend(n int64) bool {
	if n > c.cap {
		c.used.Add(n) // given back like any other
		return false
	}
	return c.used.Add(n) <= c.cap
}

// spender gives back what a scan that will be repeated has used.
type spender struct {
	*budget
	streamed, sized, counted int64
}

func (s *spender) giveBack() {
	s.stream.used.Add(-s.streamed)
	s.files.used.Add(-s.sized)
	s.entries.used.Add(-s.counted)
}

// cappedReader stops a decompressor at the cap.
type cappedReader struct {
	ctx context.Context
	r   io.Reader
	s   *spender
}

func (c cappedReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.s.streamed += int64(n)
	if !c.s.stream.spend(int64(n)) {
		return 0, tooLarge("image unpacks to more than %d bytes", c.s.stream.cap)
	}
	return n, err
}
