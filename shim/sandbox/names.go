package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// nameFiles are /etc/hosts and /etc/hostname, with which a job finds localhost
// and itself, as docker provides them, and a fresh /etc/machine-id, so that no
// two jobs of an image are taken for one machine: in place of the image's. What the image
// has as something other than a file, or behind a link, it must know the use
// of, and keeps. A specification without a host name wants none of it.
func nameFiles(image, hostname string) ([]entry, error) {
	if hostname == "" {
		return nil, nil
	}
	// The image is hostile: no link of it may be followed.
	root, err := os.OpenRoot(image)
	if err != nil {
		return nil, fmt.Errorf("open the image: %w", err)
	}
	defer root.Close()
	etc := folder("./etc/", 0o755)
	switch info, err := root.Lstat("etc"); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, fmt.Errorf("look at the image's /etc: %w", err)
	case !info.IsDir():
		return nil, nil
	default: // the layer's folder counts, so it must look like the image's
		st := info.Sys().(*syscall.Stat_t)
		etc.Mode, etc.Uid, etc.Gid, etc.ModTime = int64(st.Mode&0o7777), int(st.Uid), int(st.Gid), info.ModTime()
	}
	all := []entry{etc}
	for name, body := range map[string]string{
		"etc/hosts": hosts(hostname), "etc/hostname": hostname + "\n", "etc/machine-id": machineID(),
	} {
		info, err := root.Lstat(name)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look at the image's /%s: %w", name, err)
		}
		if err != nil || info.Mode().IsRegular() {
			all = append(all, file("./"+name, body))
		}
	}
	if len(all) == 1 {
		return nil, nil
	}
	return all, nil
}

// machineID is a random one, in the form of machine-id(5).
func machineID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return hex.EncodeToString(id[:]) + "\n"
}

func hosts(hostname string) string {
	return "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.0.1 " + hostname + "\n"
}
