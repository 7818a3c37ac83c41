package images

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
	"glovebox/blob/folder"
)

// TestResume: a pull that was interrupted goes on, in a new process over the same
// folder, where the old one stopped.
func TestResume(t *testing.T) {
	const size = 4 << 20
	e := newEvil(t)
	img := simple(t, size)
	e.add(t, img)
	layers, _ := img.Layers()
	digest := digestOf(t, layers[0])
	whole := bytesOf(t, layers[0])
	half := len(whole) / 2
	e.setHook(onBlob(e, digest, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(whole)))
		_, _ = w.Write(whole[:half])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	dir := t.TempDir()
	blobs, err := folder.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p := pullerOver(t, blobs, Caps{})
	p.Stock.Attempts, p.StallTimeout = 1, 500*time.Millisecond
	_, err = p.Pull(background, "t", e.name(), nil)
	wantKind(t, err, glovebox.KindUnreachable)
	if err := blobs.Close(); err != nil {
		t.Fatal(err)
	}

	e.setHook(nil)
	before := e.sentOf(digestOf(t, layers[1]))
	if blobs, err = folder.Open(dir); err != nil {
		t.Fatal(err)
	}
	defer blobs.Close()
	rec, err := pullerOver(t, blobs, Caps{}).Pull(background, "t", e.name(), nil)
	if err != nil {
		t.Fatal(err)
	}
	wantWhole(t, blobs, rec)
	if sent := e.sentOf(digest); sent > int64(len(whole)-half+chunk) {
		t.Errorf("%d bytes were sent again, of %d; %d were there", sent, len(whole), half)
	}
	if e.sentOf(digestOf(t, layers[1])) != before {
		t.Error("a finished layer was fetched again")
	}
}

// TestResumeWithoutRanges: a server that starts over each time is fine, too, and
// so are one whose connections break, and a damaged first part.
func TestResumeWithoutRanges(t *testing.T) {
	img := simple(t, 2<<20)
	layers, _ := img.Layers()
	digest, whole := digestOf(t, layers[0]), bytesOf(t, layers[0])
	for name, ranges := range map[string]bool{"no ranges": false, "ranges": true} {
		t.Run(name, func(t *testing.T) {
			e := newEvil(t)
			e.add(t, img)
			var calls atomic.Int64
			e.setHook(onBlob(e, digest, func(w http.ResponseWriter, r *http.Request) {
				if !ranges {
					r.Header.Del("Range")
				}
				cut := int(calls.Add(1)) * (600 << 10) // each time some more before it breaks
				http.ServeContent(&cutWriter{w, cut}, r, "", time.Time{}, bytes.NewReader(whole))
			}))
			p, blobs := newPuller(t, Caps{})
			rec, err := p.Pull(background, "t", e.name(), nil)
			if err != nil {
				t.Fatal(err)
			}
			wantWhole(t, blobs, rec)
			if calls.Load() < 2 {
				t.Fatal("nothing broke")
			}
		})
	}
	t.Run("damaged part", func(t *testing.T) {
		e := newEvil(t)
		e.add(t, img)
		p, blobs := newPuller(t, Caps{})
		hex := strings.TrimPrefix(digest, "sha256:")
		_, _ = blobs.Append(background, keyOf(hex), 0, make([]byte, 1000))
		_, _ = blobs.Append(background, ownerKey(hex), 0, []byte(tenantID("t")))
		rec, err := p.Pull(background, "t", e.name(), nil)
		if err != nil {
			t.Fatal(err)
		}
		wantWhole(t, blobs, rec)
	})
}

// cutWriter breaks the connection after some bytes.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (c *cutWriter) Write(p []byte) (int, error) {
	if c.left -= len(p); c.left < 0 {
		panic(http.ErrAbortHandler)
	}
	return c.ResponseWriter.Write(p)
}
