package agent

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"glovebox"
	"glovebox/internal/nodev1"
)

// folder is what an agent keeps of one sandbox. Its files are written whole under
// another name and renamed, so that a kill -9 leaves either all of one or none.
// They need not outlive a power cut, and can be in memory: the boot id has changed
// then, every sandbox is gone, and control knows what was reported. What must, or
// is too large, is in another place; see dirKept.
type folder struct{ path string }

const (
	fileOrder   = "order"
	fileStarted = "started"
	fileExit    = "exit"
	fileStdinAt = "stdin.at"
	fifoStdin   = "stdin"
	fifoStdout  = "stdout"
	fifoStderr  = "stderr"
	spoolSuffix = ".spool"
	newSuffix   = ".new" // while being written
)

// startRecord is the marker that the command may have been started.
type startRecord struct {
	Boot string    `json:"boot"` // kernel on which it was
	At   time.Time `json:"at"`
	From string    `json:"from,omitempty"` // glovebox.FromPool or FromCold
	Of   string    `json:"of,omitempty"`   // the template that it was parked for
	Was  string    `json:"was,omitempty"`  // the id under which it was parked
}

func (f folder) file(name string) string { return filepath.Join(f.path, name) }

func (f folder) make(o *nodev1.Order) error {
	if err := f.open(); err != nil {
		return err
	}
	b, err := proto.Marshal(o)
	if err != nil {
		return onDisk("encode the order", err)
	}
	return f.write(fileOrder, b)
}

// order returns what was ordered, or nil if that cannot be told.
func (f folder) order() *nodev1.Order {
	b, err := os.ReadFile(f.file(fileOrder))
	o := &nodev1.Order{}
	if err != nil || proto.Unmarshal(b, o) != nil || o.GetWork() == nil {
		return nil
	}
	return o
}

func (f folder) writeStarted(r startRecord) error {
	b, err := json.Marshal(r)
	if err != nil {
		return onDisk("encode the start", err)
	}
	if err := f.write(fileStarted, b); err != nil {
		return err
	}
	return f.mark()
}

// syncFolder makes the names in a folder outlive a power cut.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return onDisk("sync the marker", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return onDisk("sync the marker", err)
	}
	return nil
}

// started returns the marker. A marker of which nothing can be read is one of
// unknown boot: the command may have been started.
func (f folder) started() (r startRecord, ok bool) {
	b, err := os.ReadFile(f.file(fileStarted))
	if errors.Is(err, fs.ErrNotExist) {
		return r, f.marked()
	}
	if err == nil {
		_ = json.Unmarshal(b, &r)
	}
	return r, true
}

// writeExit keeps the end of the attempt in the form in which it is reported.
func (f folder) writeExit(s *nodev1.Sandbox) error {
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return onDisk("make the sandbox's folder", err)
	}
	b, err := proto.Marshal(s)
	if err != nil {
		return onDisk("encode the exit", err)
	}
	return f.write(fileExit, b)
}

// exit returns the recorded end, or nil.
func (f folder) exit() *nodev1.Sandbox {
	b, err := os.ReadFile(f.file(fileExit))
	s := &nodev1.Sandbox{}
	if err != nil || proto.Unmarshal(b, s) != nil || s.GetExit() == nil {
		return nil
	}
	return s
}

// makeFIFOs makes the named FIFOs; the sandbox gets them open, so their modes
// are for root alone.
func (f folder) makeFIFOs(names ...string) error {
	for _, n := range names {
		if err := unix.Mkfifo(f.file(n), 0o600); err != nil && !errors.Is(err, fs.ErrExist) {
			return onDisk("make the FIFO "+n, err)
		}
	}
	return nil
}

// clear removes what a preparation that was cut short has left.
func (f folder) clear() error {
	entries, err := os.ReadDir(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return onDisk("read the sandbox's folder", err)
	}
	for _, e := range entries {
		if e.Name() == fileOrder || e.Type() == fs.ModeSymlink {
			continue
		}
		if err := os.RemoveAll(f.file(e.Name())); err != nil {
			return onDisk("clear the sandbox's folder", err)
		}
	}
	return f.drop()
}

// remove removes the folder; a sandbox that never had one has the empty path.
func (f folder) remove() error {
	if f.path == "" {
		return nil
	}
	if err := os.RemoveAll(f.path); err != nil {
		return onDisk("remove the sandbox's folder", err)
	}
	return f.drop()
}

func (f folder) write(name string, b []byte) error {
	tmp := f.file(name + newSuffix)
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return onDisk("write "+name, err)
	}
	if err := os.Rename(tmp, f.file(name)); err != nil {
		return onDisk("write "+name, err)
	}
	return nil
}

func onDisk(doing string, err error) error {
	return glovebox.Errorf(glovebox.KindInternal, "%s: %w", doing, err).Try("see whether the node's disk is full")
}
