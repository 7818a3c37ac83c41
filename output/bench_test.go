package output_test

import (
	"context"
	"io"
	"testing"

	"glovebox/blob/folder"
	"glovebox/output"
)

// BenchmarkRead reads a gigabyte of output that is on disk.
func BenchmarkRead(b *testing.B) {
	blobs, err := folder.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer blobs.Close()
	l := output.New(blobs)
	ctx := context.Background()
	const size = 1 << 30
	piece := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(piece)) {
		if _, err := l.Append(ctx, "j1", 1, output.Stdout, at, piece); err != nil {
			b.Fatal(err)
		}
	}
	if err := l.Seal(ctx, "j1", 1); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		r, err := l.Follow(ctx, "j1", 1, output.Stdout, 0, true)
		if err != nil {
			b.Fatal(err)
		}
		if n, err := io.Copy(discard{}, r); n != size || err != nil {
			b.Fatal(n, err)
		}
		r.Close()
	}
}

// discard has no ReadFrom, so that the reader's own WriteTo is measured.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkAppend is one small piece of output, with a reader that follows.
func BenchmarkAppend(b *testing.B) {
	blobs, err := folder.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer blobs.Close()
	l := output.New(blobs)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r, err := l.Follow(ctx, "j1", 1, output.Stdout, 0, true)
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); io.Copy(io.Discard, r); r.Close() }()
	p := make([]byte, 100)
	at := int64(0)
	for b.Loop() {
		if at, err = l.Append(ctx, "j1", 1, output.Stdout, at, p); err != nil {
			b.Fatal(err)
		}
	}
	cancel()
	<-done
}
