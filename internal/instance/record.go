package instance

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"glovebox"
)

// Record is what an instance remembers about itself.
type Record struct {
	ID         string    `json:"id"`         // random; part of every name that is visible on the host
	ControlUID int       `json:"controlUID"` // user and group of control
	FilterUID  int       `json:"filterUID"`  // user and group of the filter that sandboxes' traffic goes through
	Created    time.Time `json:"created"`
	Version    string    `json:"version"` // of the glovebox that started it last
}

// newID returns 40 random bits: short enough for names of cgroups and links,
// long enough that two instances of one machine do not meet.
func newID() string { return strings.ToLower(rand.Text()[:8]) }

// Read returns an instance's record; KindNotFound if there is none.
func Read(l Layout) (Record, error) {
	b, err := os.ReadFile(l.Record())
	if errors.Is(err, fs.ErrNotExist) {
		return Record{}, glovebox.Errorf(glovebox.KindNotFound, "%s holds no instance", l.Dir).Try("start one with: glovebox up --data %s", l.Dir)
	}
	if err != nil {
		return Record{}, glovebox.Errorf(glovebox.KindInternal, "read the instance's record: %w", err)
	}
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		return Record{}, glovebox.Errorf(glovebox.KindInternal, "read %s: %w", l.Record(), err).Try("restore the file; control/ belongs to the uid that it names")
	}
	if r.ID == "" || r.ControlUID < firstUID || r.ControlUID > lastUID || r.FilterUID != 0 && (r.FilterUID < firstUID || r.FilterUID > lastUID) {
		return Record{}, glovebox.Errorf(glovebox.KindInternal, "%s makes no sense", l.Record()).Try("restore the file; control/ belongs to the uid that it names")
	}
	return r, nil
}

// write replaces the record so that a power cut leaves the old or the new one.
func (r Record) write(l Layout) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = replaceFile(l.Record(), append(b, '\n'), 0o644)
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "write the instance's record: %w", err)
	}
	return nil
}

func replaceFile(path string, data []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
