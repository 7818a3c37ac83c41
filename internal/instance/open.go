package instance

import (
	"os"
	"time"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Instance is a folder that this process holds.
type Instance struct {
	Layout
	Record
	lock   *os.File
	claims []*os.File
}

// Open takes the folder for this process, makes what is missing and puts every
// owner and mode right. It needs root. Close gives the folder back; so does the
// end of the process.
//
// Errors: KindInUse if another process has it, KindDenied without root or where
// the folder is not to be trusted, KindInvalid if its path is too long.
func Open(l Layout, h Host, version string) (*Instance, error) {
	if os.Geteuid() != 0 {
		return nil, glovebox.Errorf(glovebox.KindDenied, "a service needs root to make sandboxes").Try("run it with sudo")
	}
	l, err := prepareDir(l)
	if err != nil {
		return nil, err
	}
	i := &Instance{Layout: l}
	if i.lock, err = lock(l); err != nil {
		return nil, err
	}
	if err := i.prepare(h, version); err != nil {
		i.Close()
		return nil, err
	}
	return i, nil
}

// Close gives the folder and the uid back.
func (i *Instance) Close() {
	for _, f := range append(i.claims, i.lock) {
		if f != nil {
			f.Close()
		}
	}
}

func (i *Instance) prepare(h Host, version string) error {
	r, err := Read(i.Layout)
	switch {
	case glovebox.KindOf(err) == glovebox.KindNotFound:
		r = Record{ID: newID(), Created: time.Now().UTC().Truncate(time.Second)}
	case err != nil:
		return err
	}
	before := r
	for _, uid := range []*int{&r.ControlUID, &r.FilterUID} {
		var claim *os.File
		if *uid, claim, err = h.claimUID(i.Dir, *uid); err != nil {
			return err
		}
		i.claims = append(i.claims, claim)
	}
	r.Version = version
	if err := i.tree(before.ControlUID, r.ControlUID); err != nil {
		return err
	}
	i.Record = r
	if r == before {
		return nil
	}
	return r.write(i.Layout)
}

// tree makes the folders. If control's uid had to change because another
// instance took it, what the old one owned is handed over first.
func (i *Instance) tree(oldUID, uid int) error {
	if oldUID != 0 && oldUID != uid {
		if err := handOver(i.Control(), oldUID, uid); err != nil {
			return err
		}
	}
	// Leftovers of control's last run are control's: emptied by a name that
	// cannot lead out of its folder.
	if err := emptyTmp(i.Control()); err != nil {
		return err
	}
	for _, d := range []struct {
		path string
		uid  int
		mode os.FileMode
	}{
		{i.Run(), 0, 0o755},
		{i.Control(), uid, 0o700},
		{i.Blobs(), uid, 0o700},
		{i.Tmp(), uid, 0o700},
		{i.Docker(), uid, 0o700},
		{i.ServerTLS(), uid, 0o700},
		{i.TLS(), 0, 0o755},
		{i.Agent(), 0, 0o700},
		// Runc passes through these as a user of the job's own namespace.
		{i.Containerd(), 0, 0o711},
		{i.Sandboxes(), 0, 0o711},
		{i.ShimRoot(), 0, 0o700},
	} {
		if err := folder(d.path, d.uid, d.mode); err != nil {
			return err
		}
	}
	return givenFile(i.ReceiptPublic(), uid, 0o644)
}

// emptyTmp removes control's temporary files.
func emptyTmp(control string) error {
	root, err := os.OpenRoot(control)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "open control's folder: %w", err)
	}
	defer root.Close()
	if err := root.RemoveAll("tmp"); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "empty control's tmp: %w", err)
	}
	return nil
}

// WritePID leaves the pid where people look for it.
func (i *Instance) WritePID() error {
	if err := replaceFile(i.PIDFile(), []byte(itoa(unix.Getpid())+"\n"), 0o644); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "write the pid: %w", err)
	}
	return nil
}
