package local

import (
	"context"
	"errors"
	"io"
	"slices"

	"glovebox"
	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
)

const (
	// markRoom is what a node may append to a cut output beyond the job's limit.
	markRoom = 1024
	// maxEvents bounds the events of an attempt, which a node bounds itself.
	maxEvents = 16 << 20
)

// ShipOutput stores what a sandbox wrote. The node is not trusted to keep to
// the job's limit, nor to speak of jobs that it was not given.
func (p *Provider) ShipOutput(ctx context.Context, s *connect.BidiStream[nodev1.OutputChunk, nodev1.OutputAck]) error {
	first, err := s.Receive()
	if err != nil {
		return ended(err)
	}
	o, err := p.current(ctx, first.GetJob(), int(first.GetAttempt()))
	if err != nil {
		return err
	}
	has, err := p.output.Sizes(ctx, o.job, o.attempt)
	if err != nil {
		return wireError(err)
	}
	ack := nodev1.OutputAck{Stdout: has.Stdout, Stderr: has.Stderr, Events: has.Events,
		Artifacts: has.Artifacts, ArtifactsIndex: has.Index}
	if err := s.Send(&ack); err != nil {
		return err
	}
	for chunk := first; ; {
		if len(chunk.GetData()) > 0 {
			if err := p.store(ctx, o, chunk, &ack); err != nil {
				return err
			}
			if err := s.Send(&ack); err != nil {
				return err
			}
		}
		if chunk, err = s.Receive(); err != nil {
			return ended(err)
		}
	}
}

func (p *Provider) store(ctx context.Context, o *order, c *nodev1.OutputChunk, ack *nodev1.OutputAck) error {
	var size *int64
	var name string
	used, limit := ack.Stdout+ack.Stderr, o.limit+markRoom
	switch c.GetStream() {
	case nodev1.Stream_STREAM_STDOUT:
		size, name = &ack.Stdout, "stdout"
	case nodev1.Stream_STREAM_STDERR:
		size, name = &ack.Stderr, "stderr"
	case nodev1.Stream_STREAM_EVENTS:
		size, name = &ack.Events, "events"
		used, limit = ack.Events, maxEvents
	case nodev1.Stream_STREAM_ARTIFACTS:
		size, name = &ack.Artifacts, "artifacts"
		used, limit = ack.Artifacts+ack.ArtifactsIndex, o.room
	case nodev1.Stream_STREAM_ARTIFACTS_INDEX:
		size, name = &ack.ArtifactsIndex, "artifacts.index"
		used, limit = ack.Artifacts+ack.ArtifactsIndex, o.room
	default:
		return connect.NewError(connect.CodeInvalidArgument, errors.New("bytes of no stream"))
	}
	if max(*size, c.GetOffset()+int64(len(c.GetData())))-*size+used > limit {
		return connect.NewError(connect.CodeResourceExhausted, errors.New("more output than the job may have"))
	}
	n, err := p.output.Append(ctx, o.job, o.attempt, name, c.GetOffset(), c.GetData())
	if err != nil {
		return wireError(err)
	}
	*size = n
	p.mu.Lock()
	exited, reports := o.exited() || o.lost, p.reports
	p.mu.Unlock()
	if exited && reports != nil {
		reports.Report(glovebox.Report{Job: o.job, Attempt: o.attempt, Shipped: true})
	}
	return nil
}

// ReadStdin sends a job's input as it arrives.
func (p *Provider) ReadStdin(ctx context.Context, req *connect.Request[nodev1.ReadStdinRequest], s *connect.ServerStream[nodev1.DataChunk]) error {
	o, err := p.current(ctx, req.Msg.GetJob(), int(req.Msg.GetAttempt()))
	if err != nil {
		return err
	}
	return wireError(p.output.Stdin(ctx, o.job, req.Msg.GetOffset(), sender(s)))
}

// ReadFile sends a part of a file that an order names.
func (p *Provider) ReadFile(ctx context.Context, req *connect.Request[nodev1.ReadFileRequest], s *connect.ServerStream[nodev1.DataChunk]) error {
	o, err := p.current(ctx, req.Msg.GetJob(), int(req.Msg.GetAttempt()))
	if err != nil {
		return err
	}
	p.mu.Lock()
	work := o.wire.GetWork()
	p.mu.Unlock()
	named := func(f *nodev1.InputFile) bool { return f.GetDigest() == req.Msg.GetDigest() }
	if p.files == nil || !slices.ContainsFunc(work.GetFiles(), named) {
		return connect.NewError(connect.CodeNotFound, errors.New("the order does not name this file"))
	}
	return wireError(p.files.ReadFile(ctx, work.GetTenant(), req.Msg.GetDigest(), req.Msg.GetOffset(), sender(s)))
}

// ReadBlob sends a part of an image that one of the orders or templates needs.
func (p *Provider) ReadBlob(ctx context.Context, req *connect.Request[nodev1.ReadBlobRequest], s *connect.ServerStream[nodev1.DataChunk]) error {
	select {
	case <-p.open: // before, not every order is known: "no order needs it" would be a guess
	case <-ctx.Done():
		return connect.NewError(connect.CodeUnavailable, ctx.Err())
	}
	digest := req.Msg.GetDigest()
	if !p.needed(ctx, digest) {
		return connect.NewError(connect.CodeNotFound, errors.New("no order or template needs this blob"))
	}
	return wireError(p.images.ReadBlob(ctx, digest, req.Msg.GetOffset(), sender(s)))
}

func sender(s *connect.ServerStream[nodev1.DataChunk]) func([]byte) error {
	return func(b []byte) error { return s.Send(&nodev1.DataChunk{Data: b}) }
}

// current finds an order that stands; an older attempt is refused.
func (p *Provider) current(ctx context.Context, job string, attempt int) (*order, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.orders[glovebox.SandboxID(job, attempt)]
	if o == nil || o.removed || o.node != caller(ctx) {
		return nil, connect.NewError(connect.CodeFailedPrecondition, errors.New("no such order"))
	}
	return o, nil
}

func (p *Provider) needed(ctx context.Context, digest string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.shared[digest] {
		return true
	}
	for _, o := range p.orders {
		if o.node != caller(ctx) || o.removed || digest == "" {
			continue
		}
		if o.image.Digest == digest || o.image.Config.Digest == digest {
			return true
		}
		for _, l := range o.image.Layers {
			if l.Digest == digest {
				return true
			}
		}
	}
	return false
}

// ended turns the normal end of a stream into success.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// wireError gives an error the protocol's code; the kind travels as its text.
func wireError(err error) error {
	if err == nil {
		return nil
	}
	code := connect.CodeInternal
	switch glovebox.KindOf(err) {
	case glovebox.KindNotFound, glovebox.KindImageUnknown:
		code = connect.CodeNotFound
	case glovebox.KindConflict, glovebox.KindStale, glovebox.KindInvalid:
		code = connect.CodeFailedPrecondition
	case glovebox.KindUnavailable:
		code = connect.CodeUnavailable
	}
	return connect.NewError(code, err)
}
