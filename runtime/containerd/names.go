package containerd

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"

	"glovebox"
	"glovebox/runtime/containerd/internal/ocispec"
)

// writeNames puts /etc/hosts and /etc/hostname into a mounted root file
// system, with which a job finds localhost and itself, as docker provides
// them, and a fresh /etc/machine-id, so that no two jobs of an image are taken
// for one machine: in place of the image's. What the image has as something other than a
// file, or behind a link, it must know the use of, and keeps. Our gVisor shim
// does the same for its jobs.
func writeNames(dir, hostname string) error {
	// The image is hostile: no link of it may be followed.
	root, err := os.OpenRoot(dir)
	if err == nil {
		defer root.Close()
		err = writeNamesTo(root, hostname)
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindStart, "write /etc/hosts, hostname and machine-id: %w", err)
	}
	return nil
}

func writeNamesTo(root *os.Root, hostname string) error {
	switch info, err := root.Lstat("etc"); {
	case errors.Is(err, fs.ErrNotExist):
		if err := errors.Join(root.Mkdir("etc", 0o755), root.Chmod("etc", 0o755),
			root.Lchown("etc", ocispec.IDBase, ocispec.IDBase)); err != nil {
			return err
		}
	case err != nil:
		return err
	case !info.IsDir():
		return nil
	}
	return errors.Join(
		writeName(root, "etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.0.1 "+hostname+"\n"),
		writeName(root, "etc/hostname", hostname+"\n"),
		writeName(root, "etc/machine-id", machineID()),
	)
}

// machineID is a random one, in the form of machine-id(5).
func machineID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	const version, variant = 0x40, 0x80
	id[6], id[8] = id[6]&0x0f|version, id[8]&0x3f|variant
	return hex.EncodeToString(id[:]) + "\n"
}

func writeName(root *os.Root, name, body string) error {
	switch info, err := root.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return nil
	default: // removed, for other names of the same file are not meant
		if err := root.Remove(name); err != nil {
			return err
		}
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(body)
	return errors.Join(err, f.Chown(ocispec.IDBase, ocispec.IDBase), f.Chmod(0o644), f.Close())
}
