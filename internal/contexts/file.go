package contexts

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"glovebox"
)

// EnvFile names the file where the usual place does not suit.
const EnvFile = "GLOVEBOX_CONFIG"

// maxFile is more than any such file has.
const maxFile = 1 << 20

// Path is where the file is: $GLOVEBOX_CONFIG, or glovebox/contexts.json in
// $XDG_CONFIG_HOME or ~/.config. KindInvalid if there is no home.
func Path(getenv func(string) string) (string, error) {
	if path := getenv(EnvFile); path != "" {
		return filepath.Abs(path)
	}
	dir := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // the specification wants a relative one ignored
		home := getenv("HOME")
		if !filepath.IsAbs(home) {
			return "", glovebox.Errorf(glovebox.KindInvalid, "there is no home to keep contexts in").On("HOME").Try("set %s to a file", EnvFile)
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "glovebox", "contexts.json"), nil
}

// Load reads the file; one that does not exist has no contexts. KindDenied if
// anybody else could read or change it.
func Load(path string) (Contexts, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Contexts{}, nil
	}
	if errors.Is(err, unix.ELOOP) {
		return Contexts{}, glovebox.Errorf(glovebox.KindDenied, "%s is a symbolic link", path).Try("set %s to the file itself", EnvFile)
	}
	if err != nil {
		return Contexts{}, glovebox.Errorf(glovebox.KindInvalid, "open the contexts: %w", err).Try("set %s to another file", EnvFile)
	}
	defer f.Close()
	if err := private(f, path); err != nil {
		return Contexts{}, err
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return Contexts{}, glovebox.Errorf(glovebox.KindInternal, "read the contexts: %w", err)
	}
	return parse(b, path)
}

// parse reads what Update wrote. A field that is not known belongs to a newer
// version, which would lose it if this one wrote the file.
func parse(b []byte, path string) (Contexts, error) {
	var c Contexts
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	err := d.Decode(&c)
	if err == nil && d.More() {
		err = errors.New("something follows")
	}
	for _, one := range c.All {
		if err == nil {
			err = CheckName(one.Name)
		}
	}
	if err != nil || len(b) > maxFile {
		return Contexts{}, glovebox.Errorf(glovebox.KindInvalid, "%s is not a file of contexts, or one of a newer version", path).
			Try("move it away and log in anew")
	}
	return c, nil
}

// private refuses a file that is not only ours: the keys in it would not be.
func private(f *os.File, path string) error {
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "look at %s: %w", path, err)
	}
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return glovebox.Errorf(glovebox.KindDenied, "%s is not a file", path).Try("set %s to one", EnvFile)
	case int(st.Uid) != os.Geteuid():
		return glovebox.Errorf(glovebox.KindDenied, "%s belongs to uid %d, not to uid %d", path, st.Uid, os.Geteuid()).
			Try("set %s to a file of your own", EnvFile)
	case st.Mode&0o077 != 0:
		return glovebox.Errorf(glovebox.KindDenied, "%s holds private keys and others can read it: its mode is %04o", path, st.Mode&0o7777).
			Try("if nobody has: chmod 600 %s; otherwise end all sessions and log in anew", path)
	}
	return nil
}
