package output

import (
	"context"
	"errors"

	"glovebox"
)

// Logs keeps the streams of all jobs. One value serves a whole process; it
// holds nothing but who waits for what.
type Logs struct {
	blobs glovebox.Blobs
	hub   hub
}

// New returns Logs that keeps its bytes in blobs.
func New(blobs glovebox.Blobs) *Logs {
	return &Logs{blobs: blobs, hub: hub{topics: make(map[string]*topic)}}
}

// Append adds p to a stream at offset and returns the stream's size. Bytes
// that are there already, because a reply was lost, are skipped. A gap, or
// growth of a sealed stream, is KindConflict; the size is returned with it.
func (l *Logs) Append(ctx context.Context, job string, attempt int, s Stream, offset int64, p []byte) (int64, error) {
	if err := check(attempt, s); err != nil {
		return 0, err
	}
	key := Key(job, attempt, s)
	size, err := l.blobs.Append(ctx, key, offset, p)
	if glovebox.KindOf(err) == glovebox.KindConflict && size > offset && size < offset+int64(len(p)) {
		size, err = l.blobs.Append(ctx, key, size, p[size-offset:])
	}
	if err != nil {
		return size, err
	}
	l.hub.wake(key, false)
	return size, nil
}

// Sizes tells how much there is of each stream. Streams that nobody has
// written to are empty and open.
func (l *Logs) Sizes(ctx context.Context, job string, attempt int) (Sizes, error) {
	var all Sizes
	for s, to := range map[Stream]*Size{Stdout: &all.Stdout, Stderr: &all.Stderr, Stdin: &all.Stdin, Events: &all.Events,
		Artifacts: &all.Artifacts, Index: &all.Index} {
		info, err := l.stat(ctx, Key(job, attempt, s))
		if err != nil {
			return Sizes{}, err
		}
		*to = Size{Bytes: info.Size, Sealed: info.Sealed}
	}
	return all, nil
}

// Seal ends what an attempt writes: stdout, stderr and events are complete and
// durable when it returns. Stdin is the job's and stays as it is, and artifacts
// are checked before they are sealed (SealArtifacts). Most jobs have
// no events, and then nothing is kept of them.
func (l *Logs) Seal(ctx context.Context, job string, attempt int) error {
	events, err := l.stat(ctx, Key(job, attempt, Events))
	if err != nil {
		return err
	}
	streams := []Stream{Stdout, Stderr}
	if events.Size > 0 {
		streams = append(streams, Events)
	}
	sealed := make(chan error, len(streams)) // at the same time, to pay for one sync
	for _, s := range streams {
		go func() { sealed <- l.SealStream(ctx, job, attempt, s) }()
	}
	for range streams {
		err = errors.Join(err, <-sealed)
	}
	return err
}

// SealStream ends one stream. Sealing twice is fine. Readers that wait for more
// are at the end as soon as this is called: that the last sync is still going
// on does not concern them.
func (l *Logs) SealStream(ctx context.Context, job string, attempt int, s Stream) error {
	if err := check(attempt, s); err != nil {
		return err
	}
	key := Key(job, attempt, s)
	l.hub.wake(key, true)
	return l.blobs.Seal(ctx, key)
}

// stat is Stat with an absent blob taken for an empty one.
func (l *Logs) stat(ctx context.Context, key string) (glovebox.BlobInfo, error) {
	info, err := l.blobs.Stat(ctx, key)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return glovebox.BlobInfo{}, nil
	}
	return info, err
}

func check(attempt int, s Stream) error {
	switch s {
	case Stdin:
		return nil
	case Stdout, Stderr, Events, Artifacts, Index:
		if attempt > 0 {
			return nil
		}
		return glovebox.Errorf(glovebox.KindInvalid, "there is no attempt %d", attempt).On("attempt")
	}
	return glovebox.Errorf(glovebox.KindInvalid, "there is no stream %q", string(s)).On("stream").Try("use stdout or stderr")
}
