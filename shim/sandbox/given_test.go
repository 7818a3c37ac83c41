package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"glovebox/shim/warden"
)

// memfd is a caller's memory with text in it.
func memfd(t *testing.T, text string, seals int) string {
	t.Helper()
	fd, err := unix.MemfdCreate("given", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		t.Fatal(err)
	}
	f := os.NewFile(uintptr(fd), "given")
	t.Cleanup(func() { f.Close() })
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, seals); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
}

// listing is files written down.
func listing(list, bytes string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(len(list)))) + list + bytes
}

func TestGivenMemory(t *testing.T) {
	const two = `[{"path":"/a","mode":256,"size":3},{"path":"/run/secrets/B","mode":288,"size":2}]`
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte(listing(two, "aaabb")), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		path string
		ok   bool
	}{
		"good":            {memfd(t, listing(two, "aaabb"), sealedMemory), true},
		"not sealed":      {memfd(t, listing(two, "aaabb"), unix.F_SEAL_GROW|unix.F_SEAL_SHRINK), false},
		"on a disk":       {file, false},
		"not there":       {file + "2", false},
		"empty":           {memfd(t, "", sealedMemory), false},
		"no list":         {memfd(t, listing("[]", ""), sealedMemory), false},
		"not a list":      {memfd(t, listing("secret", ""), sealedMemory), false},
		"half a list":     {memfd(t, listing(two, "")[:20], sealedMemory), false},
		"a list too long": {memfd(t, "\xff\xff\xff\xff", sealedMemory), false},
		"too few bytes":   {memfd(t, listing(two, "aaab"), sealedMemory), false},
		"less than none":  {memfd(t, listing(strings.Replace(two, "3", "-3", 1), "aaabb"), sealedMemory), false},
		"too many bytes":  {memfd(t, listing(strings.Replace(two, `"size":3`, `"size":16777215`, 1), "aaabb"), sealedMemory), false},
		"endless":         {memfd(t, listing(strings.ReplaceAll(strings.ReplaceAll(two, `"size":3`, `"size":9223372036854775807`), `"size":2`, `"size":9223372036854775807`), "aaabb"), sealedMemory), false},
		"an odd path":     {memfd(t, listing(strings.Replace(two, `"/a"`, `"/../a"`, 1), "aaabb"), sealedMemory), false},
	} {
		to, err := warden.NewFileMemory()
		if err != nil {
			t.Fatal(err)
		}
		err = Given{Memory: c.path}.put(to)
		if (err == nil) != c.ok || err != nil && (!errors.Is(err, errdefs.ErrInvalidArgument) || strings.Contains(err.Error(), "secret\"")) {
			t.Errorf("%s: %v", name, err)
		}
		to.Close()
	}
}
