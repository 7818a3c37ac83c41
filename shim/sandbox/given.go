package sandbox

import (
	"fmt"
	"io"
	"os"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"glovebox/shim/warden"
)

// Given are files for a job, in a request. Few and small ones are in it
// themselves. What is too much for a request is in memory of the caller's, which
// is copied before the answer.
type Given struct {
	Files []File `json:"files,omitempty"`
	// Memory is instead the path of a memfd, such as /proc/1/fd/7, that nobody
	// can change any more and that holds files as warden.ReadFileList has them.
	Memory string `json:"memory,omitempty"`
}

func (g Given) none() bool { return len(g.Files) == 0 && g.Memory == "" }

// put puts them where the sentry takes them from.
func (g Given) put(to *warden.FileMemory) error {
	if g.Memory != "" {
		return putMemory(g.Memory, to)
	}
	var heads []warden.FileHead
	for _, f := range g.Files {
		heads = append(heads, warden.FileHead{Path: f.Path, Mode: f.Mode, Size: int64(len(f.Data))})
	}
	if err := checkFiles(heads); err != nil {
		return err
	}
	return to.Write(g.Files)
}

// sealedMemory is what a memfd has that nobody can change.
const sealedMemory = unix.F_SEAL_WRITE | unix.F_SEAL_GROW | unix.F_SEAL_SHRINK

func putMemory(path string, to *warden.FileMemory) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("the files' memory: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	defer f.Close()
	// No file on a disk has seals.
	if seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0); err != nil || seals&sealedMemory != sealedMemory {
		return fmt.Errorf("the files' memory: %s is no sealed one: %w", path, errdefs.ErrInvalidArgument)
	}
	heads, at, err := warden.ReadFileList(f)
	if err != nil {
		return fmt.Errorf("the files' memory: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	if err := checkFiles(heads); err != nil {
		return err
	}
	if err := to.Copy(heads, io.NewSectionReader(f, at, maxFileBytes)); err != nil {
		return fmt.Errorf("%w: %w", err, errdefs.ErrInvalidArgument)
	}
	return nil
}
