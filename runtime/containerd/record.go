package containerd

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"glovebox"
)

// record is what a later process must know of a sandbox, kept as sandbox.json.
type record struct {
	ID      string
	Tenant  string
	Image   string // digest
	Runtime string
	Limits  glovebox.Limits
	Created time.Time
}

// Files of a sandbox's folder.
const (
	recordFile  = "sandbox.json"
	startedFile = "started"
	limitFile   = "limit"
	exitFile    = "exit.json"
	reportFile  = "report.json"
	scratchDir  = "scratch"
	rootDir     = "root"
)

// sandboxID is what fits containerd's rules, file names and control groups.
var sandboxID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

const maxSandboxID = 60

func checkID(id string) error {
	if len(id) > maxSandboxID || !sandboxID.MatchString(id) {
		return glovebox.Errorf(glovebox.KindInvalid, "%q cannot be a sandbox id", id).
			Try("use at most %d of a-z, 0-9 and single dashes", maxSandboxID)
	}
	return nil
}

// newRecord makes the sandbox's folder, which must not exist, with its record.
func (r *Runtime) newRecord(s glovebox.SandboxSpec) (record, error) {
	rec := record{ID: s.ID, Tenant: s.Tenant, Image: s.Image.Digest, Runtime: s.Runtime, Limits: s.Limits, Created: time.Now()}
	err := os.Mkdir(r.dir(s.ID), 0o711)
	if errors.Is(err, fs.ErrExist) {
		return rec, glovebox.Errorf(glovebox.KindConflict, "sandbox %s exists", s.ID).Try("destroy it first")
	}
	if err == nil {
		err = os.Chmod(r.dir(s.ID), 0o711)
	}
	if err == nil {
		err = r.save(s.ID, recordFile, rec)
	}
	if err != nil {
		return rec, glovebox.Errorf(glovebox.KindInternal, "record sandbox %s: %w", s.ID, err)
	}
	return rec, nil
}

// record reads what newRecord wrote; KindNotFound.
func (r *Runtime) record(id string) (record, error) {
	var rec record
	if err := checkID(id); err != nil {
		return rec, unknown(id)
	}
	err := r.load(id, recordFile, &rec)
	if errors.Is(err, fs.ErrNotExist) {
		return rec, unknown(id)
	}
	if err != nil {
		return rec, glovebox.Errorf(glovebox.KindInternal, "read the record of sandbox %s: %w", id, err)
	}
	return rec, nil
}

func unknown(id string) error {
	return glovebox.Errorf(glovebox.KindNotFound, "there is no sandbox %s", id)
}

// mark sets a mark with a word on it; a mark that is there stays as it is.
func (r *Runtime) mark(id, name, word string) error {
	if _, err := os.Stat(r.dir(id, name)); err == nil {
		return nil
	}
	return writeFile(r.dir(id, name), []byte(word))
}

// marked returns the word of a mark and whether it is set.
func (r *Runtime) marked(id, name string) (string, bool) {
	b, err := os.ReadFile(r.dir(id, name))
	return strings.TrimSpace(string(b)), err == nil
}

func (r *Runtime) save(id, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return writeFile(r.dir(id, name), b)
}

func (r *Runtime) load(id, name string, v any) error {
	b, err := os.ReadFile(r.dir(id, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(b, v)
}

// writeFile replaces a file as a whole. It does not sync: what is lost in a
// power cut speaks of sandboxes that are lost in it too.
func writeFile(path string, b []byte) error {
	tmp, err := writeTemp(path, b)
	if err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// keep writes v unless the file is there already, and then reads that into v:
// of several processes that saw the same, one is believed by all.
func (r *Runtime) keep(id, name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	tmp, err := writeTemp(r.dir(id, name), b)
	if err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, r.dir(id, name)); errors.Is(err, fs.ErrExist) {
		return r.load(id, name, v)
	} else if err != nil {
		return err
	}
	return nil
}

// writeTemp writes beside path, under a name nobody else has.
func writeTemp(path string, b []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
