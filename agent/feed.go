package agent

import (
	"context"

	"connectrpc.com/connect"

	"glovebox/internal/nodev1"
)

// feed hands the job's input to the command as control sends it, until its
// end. A command that does not read makes only this goroutine wait, and what
// then is in memory is what the call's flow control lets through.
func (s *sandbox) feed(ctx context.Context) {
	in := s.in
	if in == nil || in.state == stdinEnded {
		return
	}
	ctx, in.cancel = context.WithCancel(ctx)
	in.done.Go(func() {
		b := backoff{max: s.a.cfg.MaxBackoff}
		for ctx.Err() == nil {
			before := in.pos
			unfed, err := s.readStdin(ctx, in)
			if unfed != nil {
				return // the FIFO is gone, and with it whoever would read
			}
			if err == nil {
				s.endInput(ctx, in)
				return
			}
			if in.pos > before {
				b.reset()
			}
			b.wait(ctx)
		}
	})
}

// readStdin makes one call, from where the command is. It returns nil, nil at
// the end of the input.
func (s *sandbox) readStdin(ctx context.Context, in *stdin) (unfed, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req := &nodev1.ReadStdinRequest{Job: s.job, Attempt: s.attempt, Offset: in.pos}
	stream, err := s.a.cfg.Client.ReadStdin(ctx, connect.NewRequest(req))
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	for stream.Receive() {
		if err := in.write(stream.Msg().GetData()); err != nil {
			return err, nil
		}
	}
	return nil, stream.Err()
}

// endInput ends the input: by closing the FIFO, and where the runtime holds it
// open too, by telling it so.
func (s *sandbox) endInput(ctx context.Context, in *stdin) {
	b := backoff{max: s.a.cfg.MaxBackoff}
	for s.a.stdin != nil && s.a.stdin.CloseStdin(ctx, s.id) != nil {
		if !b.wait(ctx) {
			return
		}
	}
	in.end()
}
