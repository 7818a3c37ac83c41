package client

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/go-json-experiment/json"

	"glovebox"
	"glovebox/api/wire"
)

// ImportImage sends an OCI or Docker archive and returns the images in it.
// name is what to keep it under; empty means the names in the archive. It is
// not repeated when the connection breaks; an error of r is returned as it is.
func (c *Client) ImportImage(ctx context.Context, name string, r io.Reader) ([]Image, error) {
	q := url.Values{}
	if name != "" {
		q.Set("name", name)
	}
	var answer wire.ImageList
	src := &source{r: r}
	req := request{method: http.MethodPost, path: "/v1/images/import", query: q, stream: src}
	err := c.once(ctx, req.with("Content-Type", "application/x-tar"), &answer)
	if failed := src.err.Load(); failed != nil && err != nil {
		err = *failed
	}
	return answer.Images, err
}

// source remembers why reading failed, which net/http takes for a connection
// that broke.
type source struct {
	r   io.Reader
	err atomic.Pointer[error]
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	if err != nil && err != io.EOF {
		s.err.Store(&err)
	}
	return n, err
}

// PullImage makes the server fetch an image. progress may be nil.
func (c *Client) PullImage(ctx context.Context, name string, progress func(PullProgress)) (Image, error) {
	var img Image
	err := c.patiently(ctx, func() (err error) {
		img, err = c.pullOnce(ctx, name, progress)
		return err
	})
	return img, err
}

func (c *Client) pullOnce(ctx context.Context, name string, progress func(PullProgress)) (Image, error) {
	r, err := request{method: http.MethodPost, path: "/v1/images/pull"}.withJSON(wire.PullRequest{Name: name})
	if err != nil {
		return Image{}, err
	}
	resp, err := c.send(ctx, r.with("Accept", "text/event-stream"))
	if err != nil {
		return Image{}, err
	}
	defer resp.Body.Close()
	events := newEventReader(resp.Body)
	for {
		m, err := events.next()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF // the end is an event
		}
		if err != nil {
			return Image{}, c.transportError(ctx, err)
		}
		switch m.kind {
		case wire.EventProgress:
			var p PullProgress
			if json.Unmarshal(m.data, &p) == nil && progress != nil {
				progress(p)
			}
		case wire.EventImage:
			var img Image
			if err := json.Unmarshal(m.data, &img); err != nil {
				return Image{}, glovebox.Errorf(glovebox.KindInternal, "reading the server's event: %w", err)
			}
			return img, nil
		case wire.EventError:
			return Image{}, problemEvent(m.data)
		}
	}
}

// Images lists the images that jobs can name.
func (c *Client) Images(ctx context.Context) ([]Image, error) {
	var answer wire.ImageList
	err := c.call(ctx, get("/v1/images", nil), &answer)
	return answer.Images, err
}

// InspectImage returns what an image lets one guess of what its jobs will need,
// with a policy to begin with; KindImageUnknown. It may take seconds.
func (c *Client) InspectImage(ctx context.Context, name string) (ImageInspected, error) {
	var found ImageInspected
	err := c.call(ctx, get("/v1/images/inspect", url.Values{"name": {name}}), &found)
	return found, err
}

// RemoveImage forgets an image; KindImageUnknown. If the connection breaks
// after it was forgotten, the repeated call finds it gone, which is success.
func (c *Client) RemoveImage(ctx context.Context, name string) error {
	r := request{method: http.MethodDelete, path: "/v1/images", query: url.Values{"name": {name}}}
	tries := 0
	return c.patiently(ctx, func() error {
		tries++
		err := c.once(ctx, r, nil)
		if tries > 1 && glovebox.KindOf(err) == glovebox.KindImageUnknown {
			return nil
		}
		return err
	})
}
