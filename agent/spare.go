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

// spares are empty folders with FIFOs and files made ahead of time: creating
// a dozen names costs a loaded disk milliseconds, renaming one folder does not.
// None of them means anything before it has a sandbox's name.
type spares struct {
	dir   string
	ready chan string
}

// fill keeps spares ready until ctx ends. Those of earlier agents are removed.
func (s *spares) fill(ctx context.Context) {
	_ = os.RemoveAll(s.dir)
	for n := 0; ctx.Err() == nil; n++ {
		f := folder{filepath.Join(s.dir, strconv.Itoa(n))}
		if f.makeSpare() != nil {
			return // the disk is full or broken; making folders on demand says so
		}
		select {
		case s.ready <- f.path:
		case <-ctx.Done():
		}
	}
}

// take moves a spare, if one is ready, to where a new sandbox's folder belongs.
func (s *spares) take(f folder) {
	select {
	case path := <-s.ready:
		_ = os.Rename(path, f.path) // if not, one is made
	default:
	}
}

func (f folder) makeSpare() error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return err
	}
	if err := f.makeFIFOs(fifoStdin, fifoStdout, fifoStderr); err != nil {
		return err
	}
	for _, name := range []string{fileOrder + newSuffix, fileStarted + newSuffix, fileExit + newSuffix,
		fileStdinAt, fifoStdout + spoolSuffix, fifoStderr + spoolSuffix} {
		file, err := os.OpenFile(f.file(name), os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		file.Close()
	}
	return nil
}
