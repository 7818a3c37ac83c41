package jobwatch

import (
	"context"

	"glovebox"
)

// Output is where nodes ship what jobs write: what provider/local asks for.
type Output interface {
	// Append stores p at offset of the stream and returns the stream's size.
	Append(ctx context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error)
	// Sizes says how much of each stream is stored.
	Sizes(ctx context.Context, job string, attempt int) (glovebox.StreamSizes, error)
	// Stdin calls send with the job's input, as it arrives, until its end.
	Stdin(ctx context.Context, job string, offset int64, send func([]byte) error) error
}

// Output returns next with the first byte of each attempt told to the
// observers.
func (w *Watcher) Output(next Output) Output { return &output{next, w} }

type output struct {
	Output
	w *Watcher
}

// Append implements Output. Only what begins a stream can be the first byte,
// so all other pieces pass untouched.
func (o *output) Append(ctx context.Context, job string, attempt int, stream string, offset int64, p []byte) (int64, error) {
	size, err := o.Output.Append(ctx, job, attempt, stream, offset, p)
	if err == nil && offset == 0 && len(p) > 0 {
		o.w.wrote(job, attempt)
	}
	return size, err
}
