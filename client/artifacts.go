package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"glovebox"
)

// Artifacts goes through what a job has left, parents before what is in them,
// fetching pages as needed. KindConflict until the job's output is sealed; see
// Wait.
func (c *Client) Artifacts(ctx context.Context, id string) iter.Seq2[Artifact, error] {
	return func(yield func(Artifact, error) bool) {
		cursor := ""
		for {
			page, err := c.ArtifactPage(ctx, id, cursor)
			if err != nil {
				yield(Artifact{}, err)
				return
			}
			for _, a := range page.Artifacts {
				if !yield(a, nil) {
					return
				}
			}
			if cursor = page.Next; cursor == "" {
				return
			}
		}
	}
}

// ArtifactPage returns one page of the list; cursor is ArtifactPage.Next of the
// one before.
func (c *Client) ArtifactPage(ctx context.Context, id, cursor string) (ArtifactPage, error) {
	var page ArtifactPage
	path, err := jobPath(id, "/artifacts")
	if err != nil {
		return page, err
	}
	q := url.Values{}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	err = c.call(ctx, get(path, q), &page)
	return page, err
}

// Upload hands over a file for jobs, and returns the digest that they name it by.
// It may be sent repeatedly. KindTooLarge, KindTooMany.
func (c *Client) Upload(ctx context.Context, content []byte) (File, error) {
	var f File
	if content == nil {
		content = []byte{} // an empty file is one, too
	}
	r := request{method: http.MethodPost, path: "/v1/files", body: content}.with("Content-Type", "application/octet-stream")
	err := c.call(ctx, r, &f)
	return f, err
}

// File says whether a file was handed over; KindNotFound.
func (c *Client) File(ctx context.Context, digest string) (File, error) {
	if !glovebox.IsDigest(digest) {
		return File{}, glovebox.Errorf(glovebox.KindInvalid, "%.80q is not a digest", digest).On("digest").Try("write it as sha256:…")
	}
	var f File
	err := c.call(ctx, get(fmt.Sprintf("/v1/files/%s", digest), nil), &f)
	return f, err
}
