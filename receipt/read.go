package receipt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"glovebox"
)

// Source reads what jobs wrote.
type Source interface {
	// Open reads a stream of an attempt from its beginning to its end. The
	// caller closes. KindNotFound if there is none.
	Open(ctx context.Context, job string, attempt int, stream string) (io.ReadCloser, error)
}

// Names of the streams that a receipt tells of.
const (
	streamStdout = "stdout"
	streamStderr = "stderr"
	streamEvents = "events"
	streamIndex  = "artifacts.index"
)

// expected is a stream and how much of it was sealed.
type expected struct {
	name  string
	bytes int64
}

// streams lists those of a job, in their order in the receipt. Of a job that
// never ran there are none; events and artifacts are there only if there were
// any. The bytes of artifacts are not read again: the index has their digests,
// and sealing them has compared the two.
func streams(j glovebox.Job) []expected {
	if j.Attempt == 0 {
		return nil
	}
	all := []expected{{streamStdout, j.Output.Stdout}, {streamStderr, j.Output.Stderr}}
	if j.Output.Events > 0 {
		all = append(all, expected{streamEvents, j.Output.Events})
	}
	if a := j.Artifacts; a != nil && !a.Refused && a.IndexBytes > 0 {
		all = append(all, expected{streamIndex, a.IndexBytes})
	}
	return all
}

// readAll goes once through all that a job wrote, in little memory.
func readAll(ctx context.Context, from Source, j glovebox.Job) (Read, error) {
	var r Read
	for _, want := range streams(j) {
		s, err := readOne(ctx, from, j, want, &r.Network)
		if err != nil {
			return Read{}, err
		}
		r.Streams = append(r.Streams, s)
	}
	return r, nil
}

func readOne(ctx context.Context, from Source, j glovebox.Job, want expected, n *Network) (Stream, error) {
	sums := &counted{Hash: sha256.New()}
	if want.bytes > 0 {
		in, err := from.Open(ctx, j.ID, j.Attempt, want.name)
		switch {
		case glovebox.KindOf(err) == glovebox.KindNotFound: // lost, and a receipt that says so is better than none
		case err != nil:
			return Stream{}, err
		default:
			err = drain(in, sums, want, n)
			in.Close()
			if err != nil {
				return Stream{}, glovebox.Errorf(glovebox.KindUnavailable, "read %s of job %s for its receipt: %w", want.name, j.ID, err)
			}
		}
	}
	return Stream{Name: want.name, Bytes: sums.n, SHA256: hex.EncodeToString(sums.Sum(nil)), Damaged: sums.n != want.bytes}, nil
}

// counted is a hash that knows of how much.
type counted struct {
	hash.Hash
	n int64
}

// Write implements io.Writer.
func (c *counted) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return c.Hash.Write(p)
}

func drain(in io.Reader, sums io.Writer, want expected, n *Network) error {
	if want.name != streamEvents {
		_, err := io.Copy(sums, in)
		return err
	}
	counts, err := tally(io.TeeReader(in, sums), want.bytes)
	*n = counts
	return err
}
