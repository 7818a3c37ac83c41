package link

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"glovebox"
)

// SlotsIn lists the slots in a router's folder, with the path of each, without
// opening it: for who looks at what another process has, or left.
func SlotsIn(dir string) (map[string]string, error) {
	dir = filepath.Join(dir, slotsFolder)
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list network slots: %w", err)
	}
	all := map[string]string{}
	for _, e := range entries {
		all[e.Name()] = filepath.Join(dir, e.Name())
	}
	return all, nil
}
