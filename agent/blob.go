package agent

import (
	"context"
	"io"

	"connectrpc.com/connect"

	"glovebox"
	"glovebox/internal/nodev1"
)

// fetchBlob is the glovebox.FetchBlob over control. A break is not a failure:
// it goes on where the bytes ended, for as long as somebody wants them.
func (a *Agent) fetchBlob(ctx context.Context, digest string, offset int64, w io.Writer) error {
	b := backoff{max: a.cfg.MaxBackoff}
	for {
		n, writeErr, err := a.readBlob(ctx, digest, offset, w)
		offset += n
		switch {
		case writeErr != nil:
			return writeErr
		case err == nil:
			return nil
		case isNo(err):
			return glovebox.Errorf(glovebox.KindImageUnknown, "control does not hand out the image's blob %s: %w", digest, err)
		}
		if n > 0 {
			b.reset()
		}
		if !b.wait(ctx) {
			return ctx.Err()
		}
	}
}

// readBlob makes one call and says how far it came.
func (a *Agent) readBlob(ctx context.Context, digest string, offset int64, w io.Writer) (n int64, writeErr, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := a.cfg.Client.ReadBlob(ctx, connect.NewRequest(&nodev1.ReadBlobRequest{Digest: digest, Offset: offset}))
	if err != nil {
		return 0, nil, err
	}
	defer stream.Close()
	for stream.Receive() {
		m, err := w.Write(stream.Msg().GetData())
		n += int64(m)
		if err != nil {
			return n, err, nil
		}
	}
	return n, nil, stream.Err()
}

// isNo tells an answer from the lack of one: control was reached and does not
// know the thing, or will not.
func isNo(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeNotFound, connect.CodeFailedPrecondition, connect.CodePermissionDenied, connect.CodeInvalidArgument:
		return true
	}
	return false
}
