package sandbox

import (
	"archive/tar"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"gvisor.dev/gvisor/runsc/specutils"
)

// layerFile, in the sandbox's own folder, is what its scratch layer begins with.
const layerFile = "layer.tar"

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

// prepareLayer decides what the scratch layer begins with. Without a writable
// root there is no layer to begin.
//
// Files get in this way, and not by mounts, because each mount makes the start
// longer; and they count as the job's own, which may change them.
func (s *Sandbox) prepareLayer() error {
	if s.spec.Root.Readonly {
		return nil
	}
	tmp, err := s.keepTmpOnDisk()
	if err != nil {
		return err
	}
	names, err := nameFiles(s.spec.Root.Path, s.spec.Hostname)
	if err != nil {
		return err
	}
	all := append(tmp, names...)
	if len(all) == 0 {
		return nil
	}
	path := filepath.Join(s.dir, layerFile)
	if err := writeLayer(path, all); err != nil {
		return err
	}
	if s.spec.Annotations == nil {
		s.spec.Annotations = map[string]string{}
	}
	s.spec.Annotations[specutils.AnnotationRootfsUpperTar] = path
	s.conf.AllowRootfsTarAnnotation = true
	return nil
}

func writeLayer(path string, entries []entry) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	w := tar.NewWriter(f)
	// gVisor wants the root named, and then sets it to the image's.
	for _, e := range append([]entry{folder("./", 0o755)}, entries...) {
		if err := w.WriteHeader(&e.Header); err != nil {
			return errors.Join(err, f.Close())
		}
		if _, err := io.WriteString(w, e.body); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(w.Close(), f.Close())
}

// writeSpec puts the specification where gofer and sentry read it: it is not
// the bundle's any more.
func (s *Sandbox) writeSpec() error {
	data, err := json.Marshal(s.spec)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(s.dir, "config.json"), data, 0o600)
}
