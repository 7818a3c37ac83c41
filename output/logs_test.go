package output_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"go.uber.org/goleak"

	"glovebox"
	"glovebox/blob/memory"
	"glovebox/output"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func data(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*31 + i>>8)
	}
	return p
}

func appendTo(t *testing.T, l *output.Logs, s output.Stream, offset int64, p []byte) int64 {
	t.Helper()
	size, err := l.Append(t.Context(), "j1", 1, s, offset, p)
	if err != nil {
		t.Fatal(err)
	}
	return size
}

func read(t *testing.T, l *output.Logs, s output.Stream, offset int64, follow bool) []byte {
	t.Helper()
	r, err := l.Follow(t.Context(), "j1", 1, s, offset, follow)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAppendIsIdempotent(t *testing.T) {
	l := output.New(memory.New())
	p := data(100)
	for _, step := range []struct{ from, to, size int }{
		{0, 10, 10}, {0, 10, 10}, {5, 8, 10}, {10, 20, 20}, {15, 40, 40}, {0, 100, 100}, {0, 0, 100},
	} {
		if got := appendTo(t, l, output.Stdout, int64(step.from), p[step.from:step.to]); got != int64(step.size) {
			t.Errorf("%v: size %d", step, got)
		}
	}
	size, err := l.Append(t.Context(), "j1", 1, output.Stdout, 101, p)
	if glovebox.KindOf(err) != glovebox.KindConflict || size != 100 {
		t.Errorf("gap: %d, %v", size, err)
	}
	if got := read(t, l, output.Stdout, 0, false); !bytes.Equal(got, p) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestSeal(t *testing.T) {
	l := output.New(memory.New())
	appendTo(t, l, output.Stdout, 0, []byte("abc"))
	appendTo(t, l, output.Stdin, 0, []byte("in"))
	for range 2 {
		if err := l.Seal(t.Context(), "j1", 1); err != nil {
			t.Fatal(err)
		}
	}
	sizes, err := l.Sizes(t.Context(), "j1", 1)
	want := output.Sizes{Stdout: output.Size{Bytes: 3, Sealed: true}, Stderr: output.Size{Sealed: true}, Stdin: output.Size{Bytes: 2}}
	if err != nil || sizes != want {
		t.Errorf("%+v, %v", sizes, err)
	}
	if size, err := l.Append(t.Context(), "j1", 1, output.Stdout, 3, []byte("d")); glovebox.KindOf(err) != glovebox.KindConflict || size != 3 {
		t.Errorf("after seal: %d, %v", size, err)
	}
	if got := read(t, l, output.Stderr, 0, true); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

func TestRefusals(t *testing.T) {
	l := output.New(memory.New())
	appendTo(t, l, output.Stdout, 0, []byte("abc"))
	for _, offset := range []int64{-1, 4} {
		if _, err := l.Follow(t.Context(), "j1", 1, output.Stdout, offset, true); glovebox.KindOf(err) != glovebox.KindInvalid {
			t.Errorf("offset %d: %v", offset, err)
		}
	}
	if _, err := l.Follow(t.Context(), "j1", 0, output.Stdout, 0, true); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Errorf("attempt 0: %v", err)
	}
	if _, err := l.Append(t.Context(), "j1", 1, "stdlog", 0, nil); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Errorf("stream: %v", err)
	}
	if err := l.SealStream(t.Context(), "../x", 1, output.Stdout); glovebox.KindOf(err) != glovebox.KindInvalid {
		t.Errorf("key: %v", err)
	}
}

// TestFollow: readers that come at any time and read in any way get every byte
// once, while one writer writes pieces of any size.
func TestFollow(t *testing.T) {
	l := output.New(memory.New())
	want := data(1 << 20)
	var readers sync.WaitGroup
	for i := range 8 {
		readers.Go(func() {
			from := int64(0)
			r, err := l.Follow(t.Context(), "j1", 1, output.Stdout, from, true)
			if err != nil {
				t.Error(err)
				return
			}
			defer r.Close()
			var got bytes.Buffer
			switch i % 4 {
			case 0:
				_, err = io.Copy(&got, r)
			case 1:
				_, err = got.ReadFrom(struct{ io.Reader }{r})
			case 2:
				_, err = got.ReadFrom(iotest.HalfReader(struct{ io.Reader }{r}))
			default:
				_, err = io.CopyBuffer(&got, struct{ io.Reader }{r}, make([]byte, 777))
			}
			if err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("reader %d: %d bytes, %v", i, got.Len(), err)
			}
		})
	}
	for at := 0; at < len(want); {
		n := min(1+rand.N(40_000), len(want)-at)
		appendTo(t, l, output.Stdout, int64(at), want[at:at+n])
		at += n
		if rand.N(4) == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	if err := l.Seal(t.Context(), "j1", 1); err != nil {
		t.Fatal(err)
	}
	readers.Wait()
}

func TestFollowStopsWithContext(t *testing.T) {
	l := output.New(memory.New())
	ctx, cancel := context.WithCancel(t.Context())
	r, err := l.Follow(ctx, "j1", 1, output.Stderr, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	time.AfterFunc(10*time.Millisecond, cancel)
	if n, err := r.Read(make([]byte, 1)); n != 0 || err != context.Canceled {
		t.Errorf("%d, %v", n, err)
	}
}

// TestFollowSeesOtherReplicas: bytes that another process appended and sealed
// come by polling.
func TestFollowSeesOtherReplicas(t *testing.T) {
	blobs := memory.New()
	here, there := output.New(blobs), output.New(blobs)
	time.AfterFunc(20*time.Millisecond, func() {
		appendTo(t, there, output.Stdout, 0, []byte("from afar"))
		if err := there.Seal(context.WithoutCancel(t.Context()), "j1", 1); err != nil {
			t.Error(err)
		}
	})
	if got := read(t, here, output.Stdout, 0, true); string(got) != "from afar" {
		t.Errorf("%q", got)
	}
}

// TestFollowEndsBeforeTheSync: readers need not wait for the disk.
func TestFollowEndsBeforeTheSync(t *testing.T) {
	blobs := &slowSeal{Blobs: memory.New(), release: make(chan struct{})}
	l := output.New(blobs)
	appendTo(t, l, output.Stdout, 0, []byte("x"))
	sealed := make(chan error)
	ended := make(chan []byte)
	r, err := l.Follow(t.Context(), "j1", 1, output.Stdout, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	go func() {
		b, _ := io.ReadAll(r)
		ended <- b
	}()
	go func() { sealed <- l.Seal(t.Context(), "j1", 1) }()
	if got := <-ended; string(got) != "x" {
		t.Errorf("%q", got)
	}
	close(blobs.release)
	if err := <-sealed; err != nil {
		t.Error(err)
	}
}

type slowSeal struct {
	glovebox.Blobs
	release chan struct{}
}

func (s *slowSeal) Seal(ctx context.Context, key string) error {
	<-s.release
	return s.Blobs.Seal(ctx, key)
}

// TestDeletedWhileFollowed: retention does not leave a reader hanging.
func TestDeletedWhileFollowed(t *testing.T) {
	blobs := memory.New()
	l := output.New(blobs)
	appendTo(t, l, output.Stdout, 0, []byte("x"))
	r, err := l.Follow(t.Context(), "j1", 1, output.Stdout, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := r.Read(make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := blobs.Delete(t.Context(), output.Key("j1", 1, output.Stdout)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Read(make([]byte, 10)); glovebox.KindOf(err) != glovebox.KindNotFound {
		t.Errorf("%v", err)
	}
}

func TestSlowReaderDoesNotSlowTheWriter(t *testing.T) {
	l := output.New(memory.New())
	r, err := l.Follow(t.Context(), "j1", 1, output.Stdout, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := data(1 << 20)
	for i := range 64 { // nobody reads meanwhile
		appendTo(t, l, output.Stdout, int64(i)<<20, p)
	}
}
