package warden

import (
	"bytes"
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

	maxEarlier = 4 << 20
)

func init() {
	seccheck.RegisterSink(seccheck.SinkDesc{Name: filesSink, Setup: giveFiles, New: takeFiles})
}

// File is one of them, as FileHead, with what is in it. It is the job's user's,
// and cannot be written.
type File struct {
	Path string `json:"path"`
	Mode uint32 `json:"mode"`
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
	var heads []FileHead
	for _, f := range files {
		heads = append(heads, FileHead{f.Path, f.Mode, int64(len(f.Data))})
	}
	if err := writeFileList(m.memory, heads); err != nil {
		return err
	}
	for _, f := range files {
		if _, err := m.memory.Write(f.Data); err != nil {
			return err
		}
	}
	return nil
}

// Copy puts files in, once, which are written down in the same way elsewhere:
// the bytes come after the list.
func (m *FileMemory) Copy(heads []FileHead, from io.Reader) error {
	if err := writeFileList(m.memory, heads); err != nil {
		return err
	}
	for _, f := range heads {
		if _, err := io.CopyN(m.memory, from, f.Size); err != nil {
			return fmt.Errorf("copy the files: %w", err)
		}
	}
	return nil
}

// Placed says whether the sentry has taken the files; nil if it has.
func (m *FileMemory) Placed() error {
	text := make([]byte, 512) // it may be hostile
	n, err := m.memory.ReadAt(text, 0)
	if err != nil && !errors.Is(err, io.EOF) {
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
	heads, at, err := ReadFileList(f.memory)
	var all []placedFile
	for _, head := range heads {
		all = append(all, placedFile{head, io.NewSectionReader(f.memory, at, head.Size)})
		at += head.Size
	}
	if err != nil {
		all, err = readEarlier(f.memory)
	}
	if err != nil {
		return err
	}
	return placeFiles(here, first, all)
}

// readEarlier reads files as a shim of an earlier version writes them down: it
// goes on over an upgrade, and starts what is beside it on the disk.
func readEarlier(memory io.ReaderAt) (all []placedFile, err error) {
	text, err := io.ReadAll(io.NewSectionReader(memory, 0, maxEarlier))
	if err != nil {
		return nil, errFileList
	}
	var files []File
	if json.Unmarshal(text, &files) != nil || len(files) == 0 {
		return nil, errFileList // no word of what was read instead
	}
	for _, f := range files {
		all = append(all, placedFile{FileHead{f.Path, f.Mode, int64(len(f.Data))}, bytes.NewReader(f.Data)})
	}
	return all, nil
}
