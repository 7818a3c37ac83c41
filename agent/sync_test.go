package agent

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"connectrpc.com/connect"

	"glovebox"
	"glovebox/internal/nodev1"
)

// TestErrorsDestroyNothing: control answers with errors for a while.
func TestErrorsDestroyNothing(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	for _, code := range []connect.Code{connect.CodeInternal, connect.CodeNotFound, connect.CodePermissionDenied} {
		r.control.syncErr.Store(connect.NewError(code, errors.New("no")))
		r.agent.notify()
		time.Sleep(60 * time.Millisecond)
	}
	r.control.syncErr.Store(nil)
	if r.node.box(id) == nil {
		t.Error("destroyed without an answer")
	}
	r.finished(id)
}

// TestOneCallAtATime looks at the order of calls under a burst of changes, and
// that each has its number.
func TestOneCallAtATime(t *testing.T) {
	r := newRig(t)
	r.start()
	var ids []string
	for range 50 {
		ids = append(ids, r.job(hello))
	}
	for _, id := range ids {
		r.exited(id)
	}
	r.control.mu.Lock()
	defer r.control.mu.Unlock()
	for i, req := range r.control.reqs {
		if i > 0 && req.GetSequence() <= r.control.reqs[i-1].GetSequence() {
			t.Errorf("call %d has number %d after %d", i, req.GetSequence(), r.control.reqs[i-1].GetSequence())
		}
	}
	t.Logf("%d calls", len(r.control.reqs))
}

// TestQuietCallsAreFew: with nothing to say the agent keeps one call.
func TestQuietCallsAreFew(t *testing.T) {
	r := newRig(t)
	r.start()
	id := r.job(stay)
	r.phase(id, nodev1.Phase_PHASE_RUNNING)
	time.Sleep(20 * time.Millisecond)
	r.control.mu.Lock()
	before := len(r.control.reqs)
	r.control.mu.Unlock()
	time.Sleep(300 * time.Millisecond)
	r.control.mu.Lock()
	after := len(r.control.reqs)
	r.control.mu.Unlock()
	if after-before > 1 {
		t.Errorf("%d calls", after-before)
	}
	r.finished(id)
}

// TestFetch: the image's blob comes whole in spite of breaks.
func TestFetch(t *testing.T) {
	r := newRig(t)
	want := noise(11, 200_000)
	r.control.blobs[testDigest] = want
	r.control.blobErr = func(n int) error {
		if n < 5 {
			return connect.NewError(connect.CodeUnavailable, errors.New("broken off"))
		}
		return nil
	}
	var got bytes.Buffer
	r.node.fetch = func(ctx context.Context, fetch glovebox.FetchBlob) error {
		got.Write(want[:1000])
		return fetch(ctx, testDigest, 1000, &got)
	}
	r.start()
	id := r.job(hello)
	if e := r.exited(id).GetExit(); e.GetFault() != nil {
		t.Errorf("exit %v", e)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Error("blob differs")
	}
	r.finished(id)
}

func TestFetchOfUnknown(t *testing.T) {
	r := newRig(t)
	r.node.fetch = func(ctx context.Context, fetch glovebox.FetchBlob) error {
		return fetch(ctx, testDigest, 0, &bytes.Buffer{})
	}
	r.start()
	id := r.job(hello)
	if f := r.exited(id).GetExit().GetFault(); f.GetKind() != "image_unknown" {
		t.Errorf("fault %v", f)
	}
	r.finished(id)
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, glovebox.Errorf(glovebox.KindImageCorrupt, "no room")
}

func TestFetchIntoFullDisk(t *testing.T) {
	r := newRig(t)
	r.control.blobs[testDigest] = []byte("blob")
	r.node.fetch = func(ctx context.Context, fetch glovebox.FetchBlob) error {
		return fetch(ctx, testDigest, 0, fullDisk{})
	}
	r.start()
	id := r.job(hello)
	if f := r.exited(id).GetExit().GetFault(); f.GetKind() != "image_corrupt" {
		t.Errorf("fault %v", f)
	}
	r.finished(id)
}

func TestTombsAreBounded(t *testing.T) {
	var past tombs
	for range maxTombs + 100 {
		past.add(glovebox.NewID("job-"))
	}
	past.add("last")
	past.add("last")
	if !past.has("last") || len(past.ids) != maxTombs || len(past.ring) != maxTombs {
		t.Errorf("%d ids, %d in the ring", len(past.ids), len(past.ring))
	}
}
