package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"glovebox"
	"glovebox/api/wire"
)

// AppendStdin sends all of r as the job's stdin from offset on, and closes
// stdin at the end of r if closeAfter is set. It returns the size of stdin
// then. It sends in pieces, so r may be slow and may be a terminal; a Read that
// is waiting is not interrupted when ctx ends.
//
// KindConflict if the job takes no stdin or has ended, which is usual when a
// command does not read all it is given; an error of r is returned as it is.
func (c *Client) AppendStdin(ctx context.Context, id string, offset int64, r io.Reader, closeAfter bool) (int64, error) {
	path, err := jobPath(id, "/stdin")
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 1<<20)
	for {
		n, rerr := r.Read(buf) // a line from a terminal goes on its way at once
		last := errors.Is(rerr, io.EOF)
		if n > 0 || last {
			if offset, err = c.appendPiece(ctx, path, offset, buf[:n], last && closeAfter); err != nil {
				return offset, err
			}
		}
		if last {
			return offset, nil
		}
		if rerr != nil {
			return offset, rerr
		}
	}
}

// appendPiece sends one piece until it is there. Repeating is safe, for the
// server skips what it has.
func (c *Client) appendPiece(ctx context.Context, path string, offset int64, p []byte, last bool) (int64, error) {
	q := url.Values{"offset": {strconv.FormatInt(offset, 10)}}
	if last {
		q.Set("close", "true")
	}
	r := request{method: http.MethodPut, path: path, query: q, body: p}.with("Content-Type", "application/octet-stream")
	var answer wire.Stdin
	if err := c.call(ctx, r, &answer); err != nil {
		return offset, err
	}
	end := offset + int64(len(p))
	if answer.Size < end {
		return offset, glovebox.Errorf(glovebox.KindInternal, "the server has %d bytes of %d", answer.Size, end)
	}
	return end, nil
}
