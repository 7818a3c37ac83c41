package instance

import (
	"errors"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"glovebox"
)

// Files of control's certificate below Layout.ServerTLS.
const (
	CertFile = "cert.pem"
	KeyFile  = "key.pem"
)

// GiveCertificate copies the server's certificate and key, in PEM, to where
// control can read them. The key goes first, so control may for a moment find a
// pair that does not fit; it tries again.
func (i *Instance) GiveCertificate(cert, key []byte) error {
	// Control could put a link in place of a folder of its own, so this begins at
	// the one that it cannot replace.
	root, err := os.OpenRoot(i.Control())
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "open control's folder: %w", err)
	}
	defer root.Close()
	for _, f := range []struct {
		name string
		data []byte
	}{{KeyFile, key}, {CertFile, cert}} {
		if err := i.giveFile(root, filepath.Join(filepath.Base(i.ServerTLS()), f.name), f.data); err != nil {
			return glovebox.Errorf(glovebox.KindInternal, "write control's certificate: %w", err)
		}
	}
	return nil
}

// maxPEM is more than any chain of certificates has.
const maxPEM = 1 << 20

// Certificate returns what was given last; nil where there is nothing, or where
// control has put anything but a file.
func (i *Instance) Certificate() (cert, key []byte) {
	root, err := os.OpenRoot(i.Control())
	if err != nil {
		return nil, nil
	}
	defer root.Close()
	read := func(name string) []byte {
		// Without O_NONBLOCK a pipe would be waited for.
		f, err := root.OpenFile(filepath.Join(filepath.Base(i.ServerTLS()), name), os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
		if err != nil {
			return nil
		}
		defer f.Close()
		if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() || st.Size() > maxPEM {
			return nil
		}
		data, err := io.ReadAll(io.LimitReader(f, maxPEM))
		if err != nil {
			return nil
		}
		return data
	}
	return read(CertFile), read(KeyFile)
}

// giveFile replaces a file in a folder that control can write to, so nothing
// that lies there is followed or opened.
func (i *Instance) giveFile(root *os.Root, name string, data []byte) error {
	next := name + ".new"
	if err := root.RemoveAll(next); err != nil {
		return err
	}
	f, err := root.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chown(i.ControlUID, i.ControlUID), f.Close()); err != nil {
		return err
	}
	return root.Rename(next, name)
}
