package agent

import (
	"context"
	"sync"
	"sync/atomic"

	"glovebox/internal/nodev1"
	"glovebox/internal/nodev1/nodev1connect"
)

// shipping carries the output of one sandbox to control while it grows and
// until control has all of it, in one call that is made again after a break.
// What it holds in memory is one chunk.
type shipping struct {
	job     string
	attempt int32
	client  nodev1connect.NodeServiceClient
	out     *output
	settled func()      // called when control has all, or a call has ended
	refused atomic.Bool // control's last word was that it does not want it
	damaged atomic.Bool // the spool cannot be read
	cancel  context.CancelFunc
	done    chan struct{}
}

// ship begins to ship, if that is not under way.
func (s *sandbox) ship(ctx context.Context) {
	if s.shipping != nil || s.out == nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	sh := &shipping{job: s.job, attempt: s.attempt, client: s.a.cfg.Client, out: s.out, settled: s.poke,
		cancel: cancel, done: make(chan struct{})}
	s.shipping = sh
	go func() {
		defer close(sh.done)
		b := backoff{max: s.a.cfg.MaxBackoff}
		for ctx.Err() == nil && !sh.out.acknowledged() {
			progress, err := sh.call(ctx)
			sh.refused.Store(err != nil && isNo(err))
			sh.settled()
			if progress {
				b.reset()
			}
			if !sh.out.acknowledged() {
				b.wait(ctx)
			}
		}
	}()
}

func (sh *shipping) end() {
	sh.cancel()
	<-sh.done
}

// call ships from where control is to the end, or to a break. progress says
// whether control has stored anything.
func (sh *shipping) call(ctx context.Context) (progress bool, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream := sh.client.ShipOutput(ctx)
	defer stream.CloseResponse()
	// HTTP/2 of net/http does not look at the context while it waits for more
	// of the request's body, so the end of the context must end the body too.
	stop := context.AfterFunc(ctx, func() { _ = stream.CloseRequest() })
	defer stop()
	opening := &nodev1.OutputChunk{Job: sh.job, Attempt: sh.attempt}
	if err := stream.Send(opening); err != nil {
		_, err = stream.Receive() // why the call ended
		return false, err
	}
	has, err := stream.Receive()
	if err != nil {
		return false, err
	}
	var from [streams]int64
	for i, n := range stored(has) {
		from[i] = sh.begin(i, n)
	}
	var group sync.WaitGroup
	defer group.Wait()
	defer cancel()
	over := make(chan struct{})
	group.Go(func() {
		defer close(over)
		for {
			var ack *nodev1.OutputAck
			if ack, err = stream.Receive(); err != nil {
				return
			}
			progress = true
			for i, n := range stored(ack) {
				sh.out.spools[i].ack(n)
			}
			if sh.out.acknowledged() {
				sh.settled()
			}
		}
	})
	switch all, broken := sh.send(ctx, over, stream.Send, from); {
	case all:
		_ = stream.CloseRequest()
	case broken:
		sh.damaged.Store(true)
		cancel()
	}
	<-over // after the last byte, control acknowledges the rest and ends the call
	return progress, err
}

// stored is how much control says it has of each stream.
func stored(ack *nodev1.OutputAck) [streams]int64 {
	return [streams]int64{ack.GetStdout(), ack.GetStderr(), ack.GetEvents(), ack.GetArtifacts(), ack.GetArtifactsIndex()}
}

// begin says where to go on. Control has n bytes; what it acknowledged in an
// earlier life is not here any more, and what it has beyond ours it keeps.
func (sh *shipping) begin(i int, n int64) int64 {
	sp := sh.out.spools[i]
	sp.ack(n)
	return max(min(n, sp.size.Load()), sp.punched.Load())
}

// send sends what there is as it comes, the streams in turn, until all was sent
// and no more will come, or the call has ended, or the spool is broken.
func (sh *shipping) send(ctx context.Context, over <-chan struct{}, send func(*nodev1.OutputChunk) error, at [streams]int64) (all, broken bool) {
	for {
		sealed := sh.out.isSealed() // before the sizes are read
		sent := false
		for i, sp := range sh.out.spools {
			if at[i] >= sp.size.Load() {
				continue
			}
			n, readErr, sendErr := sendChunk(sp, i, at[i], send)
			if readErr != nil || sendErr != nil {
				return false, readErr != nil
			}
			at[i] += int64(n)
			sent = true
		}
		if sent {
			continue
		}
		if sealed {
			return true, false
		}
		select {
		case <-sh.out.wake:
		case <-over:
			return false, false
		case <-ctx.Done():
			return false, false
		}
	}
}

// sendChunk sends what follows at offset, as much as fits. Its buffer is lent:
// of the many calls that only wait for output, none holds one.
func sendChunk(sp *spool, i int, offset int64, send func(*nodev1.OutputChunk) error) (n int, readErr, sendErr error) {
	buf := chunks.Get().(*[]byte)
	defer chunks.Put(buf)
	n, readErr = sp.read(*buf, offset)
	if readErr != nil {
		return 0, readErr, nil
	}
	return n, nil, send(&nodev1.OutputChunk{Stream: wireStreams[i], Offset: offset, Data: (*buf)[:n]})
}

// wireStreams are the protocol's names of the spools.
var wireStreams = [streams]nodev1.Stream{nodev1.Stream_STREAM_STDOUT, nodev1.Stream_STREAM_STDERR, nodev1.Stream_STREAM_EVENTS,
	nodev1.Stream_STREAM_ARTIFACTS, nodev1.Stream_STREAM_ARTIFACTS_INDEX}

// chunks are the buffers of chunks under way.
var chunks = sync.Pool{New: func() any { b := make([]byte, chunkSize); return &b }}
