package images

import (
	"context"
	"runtime"
	"time"

	"glovebox"
)

// Stock is the images' part of Blobs. One process has one, which its Puller, its
// Importer and its Collector share.
type Stock struct {
	Blobs    glovebox.Blobs
	Caps     Caps
	Platform string           // of the nodes; default linux and this machine's architecture
	Parallel int              // layers of one image at a time; default 4
	Attempts int              // to get on with a layer from a source that fails; default 4
	Backoff  time.Duration    // between them, at first; default 250 ms
	Now      func() time.Time // default time.Now

	pins pins
}

// NewStock returns a Stock with defaults.
func NewStock(blobs glovebox.Blobs, caps Caps) *Stock {
	return &Stock{
		Blobs: blobs, Caps: caps.withDefaults(), Platform: "linux/" + runtime.GOARCH,
		Parallel: 4, Attempts: 4, Backoff: 250 * time.Millisecond, Now: time.Now,
	}
}

// Progress is told how far a blob is. Calls may come from several goroutines at
// once, often: it must be quick.
type Progress func(digest string, done, total int64)

// keyOf is where a blob is kept.
func keyOf(hex string) string { return "sha256/" + hex }

// session is one pull or import: it holds what it uses until it ends.
type session struct {
	*Stock
	tenant   string
	progress Progress
	pinned   map[string]*pin
}

func (s *Stock) begin(tenant string, progress Progress) *session {
	if progress == nil {
		progress = func(string, int64, int64) {}
	}
	return &session{Stock: s, tenant: tenant, progress: progress, pinned: map[string]*pin{}}
}

// end lets go of everything. After an error nothing that the session created
// stays, unless it was an interruption, which a later one continues from.
func (s *session) end(err error) {
	keep := err == nil || interrupted(err)
	for hex := range s.pinned {
		s.pins.drop(hex, keep, s.discard)
	}
}

func interrupted(err error) bool {
	return isContext(err) ||
		glovebox.KindOf(err) == glovebox.KindUnreachable
}

// discard removes a blob and what is written about it. What cannot be removed
// now is for the Collector.
func (s *Stock) discard(hex string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_ = s.Blobs.Delete(ctx, keyOf(hex), ownerKey(hex), recordKey(hex))
	_ = s.forgetHolders(ctx, hex)
}

// pin holds a blob until the session ends. Not for concurrent use.
func (s *session) pin(hex string) *pin {
	if s.pinned[hex] == nil {
		s.pinned[hex] = s.pins.take(hex)
	}
	return s.pinned[hex]
}
