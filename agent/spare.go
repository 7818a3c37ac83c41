package agent

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
)

const (
	dirSpare   = "spare"
	spareReady = 16
)

// spares are empty spools made ahead of time: making a file costs a loaded disk
// milliseconds, renaming one does not. None of them means anything before it has
// a sandbox's name.
type spares struct {
	dir   string
	ready chan string
}

// fill keeps spares ready until ctx ends. Those of earlier agents are removed.
func (s *spares) fill(ctx context.Context) {
	_ = os.RemoveAll(s.dir)
	if os.MkdirAll(s.dir, 0o700) != nil {
		return // the disk is full or broken; making spools on demand says so
	}
	for n := 0; ctx.Err() == nil; n++ {
		path := filepath.Join(s.dir, strconv.Itoa(n))
		if makeSpare(path) != nil {
			return
		}
		select {
		case s.ready <- path:
		case <-ctx.Done():
		}
	}
}

// take moves a spare, if one is ready, to where a new sandbox's spools belong.
func (s *spares) take(f folder) {
	select {
	case path := <-s.ready:
		for _, name := range spooled {
			_ = os.Rename(path+"."+name, f.kept(name)) // if not, one is made
		}
	default:
	}
}

func makeSpare(path string) error {
	for _, name := range spooled {
		file, err := os.OpenFile(path+"."+name, os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		file.Close()
	}
	return nil
}
