package images

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"glovebox"
)

// errOtherDigest is stored bytes that are not what their key says.
var errOtherDigest = errors.New("has another digest")

// scan reads the layer as it is stored, once, and checks everything at the same
// time: its digest, that it decompresses, its diff id, and each tar entry. It
// looks at what was stored rather than what came by, because only that is what
// will be sealed.
func (l *layer) scan(ctx context.Context) (err error) {
	stored, err := l.Blobs.Open(ctx, keyOf(l.desc.Digest.Hex), 0)
	if err != nil {
		return err
	}
	defer stored.Close()
	spent := &spender{budget: l.budget}
	defer func() {
		if err != nil {
			spent.giveBack()
		}
	}()
	digest, diffID := sha256.New(), sha256.New()
	raw := io.TeeReader(stored, digest)
	bad := l.scanTar(ctx, raw, diffID, spent)
	if bad != nil && glovebox.KindOf(bad) != glovebox.KindImageInvalid {
		return bad // over a cap, cancelled, or a failed read: no need for the rest
	}
	// The rest is needed to tell a bad image from bytes that are not the image.
	if _, err := io.Copy(io.Discard, contextReader{ctx, raw}); err != nil {
		return err
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != l.desc.Digest.Hex {
		return corrupt("layer %s %w: it is sha256:%s", l.desc.Digest, errOtherDigest, got)
	}
	if bad != nil {
		return bad
	}
	if got := hex.EncodeToString(diffID.Sum(nil)); got != l.diffID.Hex {
		return corrupt("layer %s unpacks to sha256:%s, not to %s as its config says", l.desc.Digest, got, l.diffID)
	}
	return nil
}

func (l *layer) scanTar(ctx context.Context, raw io.Reader, diffID io.Writer, spent *spender) error {
	plain, done, err := decompress(bufio.NewReaderSize(raw, chunk))
	if err != nil {
		return invalid("layer %s: %w", l.desc.Digest, err)
	}
	defer done()
	tee := io.TeeReader(cappedReader{ctx, plain, spent}, diffID)
	if err := l.Caps.checkTar(tee, spent); err != nil {
		return l.blame(err)
	}
	_, err = io.Copy(io.Discard, tee) // what follows the archive's end mark counts for the diff id
	return l.blame(err)
}

// blame says which layer is bad, and gives errors of decompressors and of the tar
// reader, which have no kind, theirs.
func (l *layer) blame(err error) error {
	if err == nil {
		return nil
	}
	if glovebox.KindOf(err) != glovebox.KindInternal || isContext(err) {
		return err
	}
	return invalid("layer %s is damaged: %w", l.desc.Digest, err)
}

// contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
