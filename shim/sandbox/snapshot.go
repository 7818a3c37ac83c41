package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/containerd/errdefs"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/sentry/state/checkpointfiles"
)

// SnapshotFile, in a snapshot's folder, says what the rest of it is. It is
// written last.
const SnapshotFile = "snapshot.json"

// snapshotFormat changes with whatever else than gVisor makes an older
// snapshot useless: the warden's mark, the root container.
const snapshotFormat = 1

// stateFiles are gVisor's files of a snapshot.
var stateFiles = []string{checkpointfiles.StateFileName, checkpointfiles.PagesMetadataFileName, checkpointfiles.PagesFileName}

// Kinds of standard streams. A program goes on with the kind it was saved with.
const (
	streamPipe = "pipe"
	streamNull = "null"
)

// Snapshot describes what is in a snapshot's folder.
type Snapshot struct {
	Format int `json:"format"`
	// GVisor is the version that wrote it, the only one that can read it. Shim
	// is for people.
	GVisor string `json:"gvisor"`
	Shim   string `json:"shim"`
	// Spec is the job's specification as gVisor had it.
	Spec *specs.Spec `json:"spec"`
	// Image is the name of the image's file, without its folder, and its size.
	Image      string `json:"image"`
	ImageBytes int64  `json:"imageBytes"`
	// ScratchBytes and ScratchInodes are the caps of the scratch layer, or zero.
	ScratchBytes  uint64 `json:"scratchBytes"`
	ScratchInodes uint64 `json:"scratchInodes"`
	// Stdio says of each standard stream whether it was a pipe or nothing.
	Stdio [3]string `json:"stdio"`
	// Files are gVisor's, by name.
	Files map[string]SnapshotPart `json:"files"`
}

// SnapshotPart is one file of a snapshot.
type SnapshotPart struct {
	Bytes  int64  `json:"bytes"`
	CRC32C uint32 `json:"crc32c"`
}

// sealed is how a Snapshot is written down, so that damage to it shows.
type sealed struct {
	CRC32C   uint32          `json:"crc32c"`
	Snapshot json.RawMessage `json:"snapshot"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// versions of gVisor and of this program.
func versions() (gvisor, shim string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "", ""
	}
	for _, d := range info.Deps {
		if d.Path == "gvisor.dev/gvisor" {
			gvisor = d.Version
		}
	}
	return gvisor, info.Main.Version
}

// write puts the description into the folder, which completes the snapshot.
func (n Snapshot) write(dir string) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	data, err := json.Marshal(sealed{crc32.Checksum(body, castagnoli), body})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, SnapshotFile)
	if err := os.WriteFile(path+".tmp", append(data, '\n'), 0o400); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// ReadSnapshot reads a snapshot's description and checks that it can be
// restored here, as far as that is known without reading the rest.
//
// Errors: InvalidArgument (not a snapshot), DataLoss (damaged),
// FailedPrecondition (of another version).
func ReadSnapshot(dir string) (n Snapshot, err error) {
	if !filepath.IsAbs(dir) {
		return n, fmt.Errorf("snapshot %q is not an absolute path: %w", dir, errdefs.ErrInvalidArgument)
	}
	data, err := os.ReadFile(filepath.Join(dir, SnapshotFile))
	if err != nil {
		return n, fmt.Errorf("not a snapshot, or not a whole one: %w: %w", err, errdefs.ErrInvalidArgument)
	}
	var s sealed
	if err := json.Unmarshal(data, &s); err != nil || crc32.Checksum(s.Snapshot, castagnoli) != s.CRC32C {
		return n, damaged(SnapshotFile)
	}
	if err := json.Unmarshal(s.Snapshot, &n); err != nil {
		return n, damaged(SnapshotFile)
	}
	if gvisor, _ := versions(); n.Format != snapshotFormat || n.GVisor != gvisor {
		return n, fmt.Errorf("the snapshot is of format %d by gVisor %s, here are %d and %s; take it anew: %w",
			n.Format, n.GVisor, snapshotFormat, gvisor, errdefs.ErrFailedPrecondition)
	}
	for _, name := range stateFiles {
		if st, err := os.Stat(filepath.Join(dir, name)); err != nil || st.Size() != n.Files[name].Bytes {
			return n, damaged(name)
		}
	}
	return n, nil
}

func damaged(name string) error {
	return fmt.Errorf("the snapshot is damaged: %s is not what was written: %w", name, errdefs.ErrDataLoss)
}

// verify reads all of a snapshot and compares.
func (n Snapshot) verify(dir string) error {
	for _, name := range stateFiles {
		part, err := measure(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("%w: %w", damaged(name), err)
		}
		if part != n.Files[name] {
			return damaged(name)
		}
	}
	return nil
}

// measure reads a file.
func measure(path string) (part SnapshotPart, err error) {
	f, err := os.Open(path)
	if err != nil {
		return part, err
	}
	defer f.Close()
	sum, buf := crc32.New(castagnoli), make([]byte, 1<<20)
	part.Bytes, err = io.CopyBuffer(sum, struct{ io.Reader }{f}, buf)
	part.CRC32C = sum.Sum32()
	return part, err
}

// nobodyWrites makes sure that nobody has the file open for writing, the
// sandbox that was saved before all: what it has written is checked once. The
// kernel grants a read lease only then.
func nobodyWrites(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK); err != nil {
		return fmt.Errorf("%s may still be written: %w", path, err)
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_UNLCK)
	return err
}

// fits says whether a sandbox with this specification can take the snapshot.
func (n Snapshot) fits(spec *specs.Spec, image *os.File) error {
	st, err := image.Stat()
	if err != nil {
		return err
	}
	layer, _ := ParseScratch(spec.Annotations[AnnotationScratch]) // checked
	differs := differs(spec, n.Spec)
	switch {
	case filepath.Base(image.Name()) != n.Image || st.Size() != n.ImageBytes:
		differs = AnnotationRootfs
	case layer.Size != n.ScratchBytes || layer.Inodes != n.ScratchInodes:
		differs = AnnotationScratch
	case differs == "":
		return nil
	}
	return fmt.Errorf("%s is not the snapshot's: %w", differs, errdefs.ErrInvalidArgument)
}

// removeSnapshot takes away what there is of one.
func removeSnapshot(dir string) error {
	var errs []error
	for _, name := range append([]string{SnapshotFile, SnapshotFile + ".tmp"}, stateFiles...) {
		path := filepath.Join(dir, name)
		_ = os.Truncate(path, 0) // gVisor may keep it open, and with it the space
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
