package output

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"

	"glovebox"
)

// maxLine bounds a line of an index: a path of which every byte is escaped, and
// the rest.
const maxLine = 2*glovebox.MaxArtifactPath + 512

// SealArtifacts checks what has come of an attempt's artifacts: the index must
// be a list of artifacts that can be kept together, and the bytes exactly theirs,
// limit bytes at most with the index. Then both are final and durable. If they do
// not check out, nothing of them is kept, and Refused is set in the answer. nil
// if nothing has come. It may be repeated.
func (l *Logs) SealArtifacts(ctx context.Context, job string, attempt int, limit int64) (*glovebox.Artifacts, error) {
	if err := check(attempt, Index); err != nil {
		return nil, err
	}
	data, index := Key(job, attempt, Artifacts), Key(job, attempt, Index)
	content, err := l.stat(ctx, data)
	if err != nil {
		return nil, err
	}
	list, err := l.stat(ctx, index)
	if err != nil || content.Size == 0 && list.Size == 0 {
		return nil, err
	}
	all, err := l.sumUp(ctx, job, attempt)
	switch {
	case glovebox.KindOf(err) == glovebox.KindInvalid || glovebox.KindOf(err) == glovebox.KindTooLarge,
		err == nil && (all.Bytes != content.Size || all.IndexBytes != list.Size || content.Size+list.Size > limit):
		return &glovebox.Artifacts{Refused: true}, l.dropArtifacts(ctx, data, index)
	case err != nil:
		return nil, err
	}
	keys := []string{index}
	if content.Size > 0 { // folders and empty files have none
		keys = append(keys, data)
	}
	return &all, l.sealAll(ctx, keys)
}

// dropArtifacts removes what came, and takes no more.
func (l *Logs) dropArtifacts(ctx context.Context, keys ...string) error {
	if err := l.blobs.Delete(ctx, keys...); err != nil {
		return err
	}
	return l.sealAll(ctx, keys)
}

func (l *Logs) sealAll(ctx context.Context, keys []string) (err error) {
	sealed := make(chan error, len(keys)) // at the same time, to pay for one sync
	for _, key := range keys {
		go func() { sealed <- l.blobs.Seal(ctx, key) }()
	}
	for range keys {
		err = errors.Join(err, <-sealed)
	}
	return err
}

// sumUp reads the whole index; KindInvalid or KindTooLarge if it is none.
func (l *Logs) sumUp(ctx context.Context, job string, attempt int) (glovebox.Artifacts, error) {
	var all glovebox.Artifacts
	var set glovebox.ArtifactSet
	hash := sha256.New()
	err := l.Index(ctx, job, attempt, func(a glovebox.Artifact) error {
		if err := set.Add(a); err != nil {
			return err
		}
		line := a.Line()
		_, _ = hash.Write(line) // never fails
		all.IndexBytes += int64(len(line))
		if a.Folder {
			all.Folders++
		} else {
			all.Files++
		}
		return nil
	})
	all.Bytes, all.Digest = set.Bytes(), "sha256:"+hex.EncodeToString(hash.Sum(nil))
	return all, err
}

// Index calls f with each artifact of an attempt, in order, until it returns an
// error, which Index returns. Nothing is checked but that each line is an
// artifact in its one spelling; KindInvalid otherwise. An attempt that left
// nothing has none.
func (l *Logs) Index(ctx context.Context, job string, attempt int, f func(glovebox.Artifact) error) error {
	if err := check(attempt, Index); err != nil {
		return err
	}
	r, err := l.blobs.Open(ctx, Key(job, attempt, Index), 0)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	defer r.Close()
	lines := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF && len(line) == 0:
			return nil
		case err == io.EOF || errors.Is(err, bufio.ErrBufferFull):
			return glovebox.Errorf(glovebox.KindInvalid, "line %d of the list of artifacts is cut or too long", n)
		case err != nil:
			return err
		}
		var a glovebox.Artifact
		if json.Unmarshal(line, &a) != nil || !bytes.Equal(a.Line(), line) {
			return glovebox.Errorf(glovebox.KindInvalid, "line %d of the list of artifacts is none", n)
		}
		if err := f(a); err != nil {
			return err
		}
	}
}

// OpenArtifact reads an artifact of an attempt's index from an offset of it on,
// to its end. The caller closes. KindInvalid for an offset past the end.
func (l *Logs) OpenArtifact(ctx context.Context, job string, attempt int, a glovebox.Artifact, offset int64) (io.ReadCloser, error) {
	if err := check(attempt, Artifacts); err != nil {
		return nil, err
	}
	if offset < 0 || offset > a.Size {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "offset %d is past the end at %d", offset, a.Size).On("offset")
	}
	if offset == a.Size {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	r, err := l.blobs.Open(ctx, Key(job, attempt, Artifacts), a.Offset+offset)
	if err != nil {
		return nil, err
	}
	return &span{LimitedReader: io.LimitedReader{R: r, N: a.Size - offset}, blob: r}, nil
}

// span is a part of a blob, which must be there whole.
type span struct {
	io.LimitedReader
	blob io.Closer
}

// Read implements io.Reader.
func (s *span) Read(p []byte) (int, error) {
	n, err := s.LimitedReader.Read(p)
	if err == io.EOF && s.N > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// Close implements io.Closer.
func (s *span) Close() error { return s.blob.Close() }
