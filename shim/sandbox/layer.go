package sandbox

import (
	"archive/tar"
	"io"
	"os"
	"slices"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// entry is a file or a folder that a scratch layer begins with. Folders merge
// with the image's, files stand in place of them.
type entry struct {
	tar.Header
	body string
}

func folder(name string, mode int64) entry {
	return entry{Header: tar.Header{Name: name, Typeflag: tar.TypeDir, Mode: mode, ModTime: time.Now()}}
}

func file(name, body string) entry {
	return entry{body: body, Header: tar.Header{
		Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(body)), ModTime: time.Now(),
	}}
}

// prepareLayer makes what the scratch layer of a job begins with, an archive,
// or nil for an empty one.
//
// Files get in this way, and not by mounts, because each mount makes the start
// longer; and they count as the job's own, which may change them.
func prepareLayer(spec *specs.Spec) (*os.File, error) {
	tmp, err := keepTmpOnDisk(spec)
	if err != nil {
		return nil, err
	}
	names, err := nameFiles(spec.Root.Path, spec.Hostname)
	if err != nil {
		return nil, err
	}
	out, err := outFolder(spec)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(tmp, names, out)
	if len(all) == 0 {
		return nil, nil
	}
	f, err := memoryFile("layer")
	if err != nil {
		return nil, err
	}
	if err := writeLayer(f, all); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func writeLayer(f *os.File, entries []entry) error {
	w := tar.NewWriter(f)
	// gVisor wants the root named, and then sets it to the image's.
	for _, e := range append([]entry{folder("./", 0o755)}, entries...) {
		if err := w.WriteHeader(&e.Header); err != nil {
			return err
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// memoryFile is a file in no file system: making one on a disk that is busy
// would be a job's waiting.
func memoryFile(name string) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}
