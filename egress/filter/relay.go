package filter

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// stream is a connection whose halves end apart.
type stream interface {
	net.Conn
	CloseWrite() error
}

// relay joins two connections until both directions have ended, one failed, or
// nothing moved for too long. Between sockets, the kernel moves the bytes.
type relay struct {
	idle, half time.Duration
	ended      atomic.Bool  // one direction has
	moved      atomic.Int64 // when something did, in ns since start
	start      time.Time
}

// relayChunk is after how many bytes the counters are brought up to date.
const relayChunk = 1 << 20

// run returns the first failure; nil if both sides ended. Bytes are added to
// out and in, unless these are nil.
func (r *relay) run(sandbox, up stream, out, in *atomic.Int64) error {
	r.start = time.Now()
	var wg sync.WaitGroup
	var failed error
	var once sync.Once
	way := func(dst, src stream, n *atomic.Int64) {
		err := r.copy(dst, src, n)
		if err == nil {
			dst.CloseWrite()
			r.ended.Store(true)
			dst.SetReadDeadline(time.Now().Add(r.half))
			return
		}
		once.Do(func() { failed = err })
		reset(dst)
		reset(src)
	}
	wg.Go(func() { way(sandbox, up, in) })
	way(up, sandbox, out)
	wg.Wait()
	return failed
}

func (r *relay) copy(dst, src stream, total *atomic.Int64) error {
	for {
		src.SetReadDeadline(time.Now().Add(r.patience()))
		n, err := io.Copy(dst, &io.LimitedReader{R: src, N: relayChunk})
		if n > 0 {
			r.moved.Store(int64(time.Since(r.start)))
			if total != nil {
				total.Add(n)
			}
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			if time.Since(r.start)-time.Duration(r.moved.Load()) >= r.patience() {
				return err
			}
		case err != nil:
			return err
		case n < relayChunk:
			return nil
		}
	}
}

func (r *relay) patience() time.Duration {
	if r.ended.Load() {
		return r.half
	}
	return r.idle
}
