package filter

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"

	"glovebox"
)

// maxFrame bounds one message: more than a policy of the greatest size.
const maxFrame = 4 << 20

// message is a request, the answer to one, or a notice (no Seq).
type message struct {
	Seq    uint64              `json:"seq,omitempty"`
	Answer bool                `json:"answer,omitempty"`
	Op     string              `json:"op,omitempty"`
	Slot   string              `json:"slot,omitempty"`
	Config *SlotConfig         `json:"config,omitempty"` // open, change
	Pins   []Pin               `json:"pins,omitempty"`   // pin, unpin
	Events []glovebox.NetEvent `json:"events,omitempty"` // events
	Stats  *Stats              `json:"stats,omitempty"`  // answer to stats
	CA     []byte              `json:"ca,omitempty"`     // answer to open
	Err    *glovebox.Error     `json:"error,omitempty"`  // answer
}

// What a message asks for. The agent opens, changes, closes slots and reads
// stats; the filter pins, unpins and tells events.
const (
	opOpen   = "open"
	opChange = "change"
	opClose  = "close"
	opStats  = "stats"
	opPin    = "pin"
	opUnpin  = "unpin"
	opEvents = "events"
)

// channel carries messages both ways: a length of four bytes, and JSON.
type channel struct {
	conn net.Conn

	writeMu sync.Mutex
	mu      sync.Mutex
	seq     uint64
	waiting map[uint64]chan message
	gone    chan struct{} // closed when read returns
}

func newChannel(c net.Conn) *channel {
	return &channel{conn: c, waiting: map[uint64]chan message{}, gone: make(chan struct{})}
}

func (c *channel) send(m message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "encode %s: %w", m.Op, err)
	}
	if len(body) > maxFrame {
		return glovebox.Errorf(glovebox.KindTooLarge, "%s of %d bytes", m.Op, len(body)).Try("at most %d bytes", maxFrame)
	}
	frame := binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(body)), uint32(len(body)))
	c.writeMu.Lock()
	defer c.writeMu.Unlock()
	if _, err := c.conn.Write(append(frame, body...)); err != nil {
		return errGone(err)
	}
	return nil
}

// call sends m and waits for its answer.
func (c *channel) call(ctx context.Context, m message) (message, error) {
	answer := make(chan message, 1)
	c.mu.Lock()
	c.seq++
	m.Seq = c.seq
	c.waiting[m.Seq] = answer
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, m.Seq)
		c.mu.Unlock()
	}()
	if err := c.send(m); err != nil {
		return message{}, err
	}
	select {
	case a := <-answer:
		if a.Err != nil {
			return a, a.Err
		}
		return a, nil
	case <-ctx.Done():
		return message{}, ctx.Err()
	case <-c.gone:
		return message{}, errGone(net.ErrClosed)
	}
}

// reply answers m.
func (c *channel) reply(m, answer message, err error) error {
	answer.Seq, answer.Answer = m.Seq, true
	if err != nil {
		e := *glovebox.AsError(err)
		answer.Err = &e
	}
	return c.send(answer)
}

// read hands every message that is no answer to handle, in order, until the
// other side ends or sends what is not a message. It returns nil at an end.
func (c *channel) read(handle func(message)) error {
	defer close(c.gone)
	r := bufio.NewReaderSize(c.conn, 64<<10)
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return nil
			}
			return errGone(err)
		}
		n := binary.BigEndian.Uint32(head[:])
		if n > maxFrame {
			return glovebox.Errorf(glovebox.KindMalformed, "message of %d bytes on the filter's channel", n)
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return errGone(err)
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			return glovebox.Errorf(glovebox.KindMalformed, "message on the filter's channel cannot be read")
		}
		if !m.Answer {
			handle(m)
			continue
		}
		c.mu.Lock()
		answer := c.waiting[m.Seq]
		delete(c.waiting, m.Seq)
		c.mu.Unlock()
		if answer != nil {
			answer <- m
		}
	}
}

func errGone(err error) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "the filter's channel is closed: %w", err)
}
