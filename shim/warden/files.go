package warden

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/abi/linux"
	"gvisor.dev/gvisor/pkg/context"
	"gvisor.dev/gvisor/pkg/fd"
	"gvisor.dev/gvisor/pkg/sentry/kernel"
	"gvisor.dev/gvisor/pkg/sentry/seccheck"
	pb "gvisor.dev/gvisor/pkg/sentry/seccheck/points/points_go_proto"
)

// Files that a job gets besides its image's come in memory that shim and sentry
// share, and that nobody else has a name for. The sentry puts them into the
// job's root before the job's first instruction, and then what became of it in
// their place.

const (
	filesSink = "glovebox-files"

	filesPlaced = "placed"
	filesFailed = "failed: "

	maxFilesMemory = 4 << 20 // of the files as they are written down
)

func init() {
	seccheck.RegisterSink(seccheck.SinkDesc{Name: filesSink, Setup: giveFiles, New: takeFiles})
}

// File is one of them. It is the job's user's, and cannot be written.
type File struct {
	Path string `json:"path"` // absolute and clean
	Mode uint32 `json:"mode"` // permissions
	Data []byte `json:"data"`
}

// ErrFiles is that a job's files could not be put where they belong.
var ErrFiles = errors.New("the job's files")

// FileMemory is where files wait for the sentry that takes them.
type FileMemory struct{ memory *os.File }

// NewFileMemory makes it, empty.
func NewFileMemory() (*FileMemory, error) {
	fd, err := unix.MemfdCreate("files", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return &FileMemory{os.NewFile(uintptr(fd), "files")}, nil
}

// Write puts files in, once.
func (m *FileMemory) Write(files []File) error {
	text, err := json.Marshal(files)
	if err != nil {
		return err
	}
	defer clear(text)
	_, err = m.memory.WriteAt(text, 0)
	return err
}

// Placed says whether the sentry has taken the files; nil if it has.
func (m *FileMemory) Placed() error {
	text := make([]byte, 512) // it may be hostile
	n, err := m.memory.ReadAt(text, 0)
	if err != nil && err != io.EOF {
		return err
	}
	switch said := string(text[:n]); {
	case said == filesPlaced:
		return nil
	case strings.HasPrefix(said, filesFailed):
		return fmt.Errorf("%w: %s", ErrFiles, strings.ToValidUTF8(strings.TrimPrefix(said, filesFailed), "?"))
	}
	return fmt.Errorf("%w: nobody has taken them", ErrFiles) // no word of them
}

// Close gives the memory back, once the sentry has closed it, too.
func (m *FileMemory) Close() error {
	if m == nil {
		return nil
	}
	return m.memory.Close()
}

// addTo has a session bring the memory. A job that is a container of its own
// takes the files when that is started.
func (m *FileMemory) addTo(conf *seccheck.SessionConfig, ownContainer bool) {
	if m == nil {
		return
	}
	if ownContainer {
		conf.Points = append(conf.Points, seccheck.PointConfig{Name: "container/start"})
	}
	conf.Sinks = append(conf.Sinks, seccheck.SinkConfig{Name: filesSink, Config: map[string]any{keyFile: int(m.memory.Fd())}})
}

// giveFiles runs in the shim.
func giveFiles(config map[string]any) (*os.File, error) { return duplicate(config[keyFile]) }

// late is what brings the files of this sentry's job; nil if it has none.
var late *files

// takeFiles runs in the sentry, before the warden's own sink.
func takeFiles(_ map[string]any, memory *fd.FD) (seccheck.Sink, error) {
	if memory == nil || memory.FD() < 0 {
		return nil, fmt.Errorf("%s: no memory", filesSink)
	}
	if bound.Load() {
		return nil, fmt.Errorf("%s: the sandbox has a job already", filesSink)
	}
	late = &files{memory: memory}
	return late, nil
}

type files struct {
	seccheck.SinkDefaults
	memory *fd.FD // nil once they were taken
}

// Name implements seccheck.Sink.
func (*files) Name() string { return filesSink }

// ContainerStart implements seccheck.Sink. gVisor has made the job's first
// process, which does not run yet. It does not listen to errors, so without its
// files the process is killed before it runs.
func (f *files) ContainerStart(_ context.Context, _ seccheck.FieldSet, info *pb.Start) error {
	first, _ := find(here, info.Id)
	if first == nil {
		return nil
	}
	if err := f.place(first); err != nil {
		_ = first.ThreadGroup().SendSignal(kernel.SignalInfoPriv(linux.SIGKILL))
	}
	return nil
}

// place puts the files into the root of a process, and tells the shim.
func (f *files) place(first *kernel.Task) error {
	if f == nil || f.memory == nil {
		return nil
	}
	err := f.tryPlace(first)
	said := filesPlaced
	if err != nil {
		said = filesFailed + err.Error()
	}
	_ = unix.Ftruncate(f.memory.FD(), 0)
	_, _ = unix.Pwrite(f.memory.FD(), []byte(said[:min(len(said), 512)]), 0)
	_ = f.memory.Close()
	f.memory = nil
	return err
}

func (f *files) tryPlace(first *kernel.Task) error {
	text, err := io.ReadAll(io.NewSectionReader(f.memory, 0, maxFilesMemory))
	if err != nil {
		return fmt.Errorf("read them: %w", err)
	}
	defer clear(text)
	var all []File
	if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
		return fmt.Errorf("there are none") // no word of what was read instead
	}
	return placeFiles(here, first, all)
}
