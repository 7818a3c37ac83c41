package main

import (
	"os"
	"path/filepath"

	"glovebox"
)

// tools are the pinned programs that are built with this one.
type tools struct {
	dir, containerd, shim, runsc, launch, boot string
}

// findTools looks beside this program, or in dir.
func findTools(dir string) (tools, error) {
	dir, err := toolDir(dir)
	if err != nil {
		return tools{}, err
	}
	t := tools{dir: dir}
	for name, path := range map[string]*string{
		"containerd": &t.containerd, "containerd-shim-glovebox-v1": &t.shim, "runsc": &t.runsc, "glovebox-launch": &t.launch,
		"glovebox-boot": &t.boot,
	} {
		*path = filepath.Join(dir, name)
		if st, err := os.Stat(*path); err != nil || !st.Mode().IsRegular() || st.Mode()&0o111 == 0 {
			return tools{}, glovebox.Errorf(glovebox.KindInvalid, "there is no program %s in %s", name, dir).On("--bin").
				Try("build everything with: make build")
		}
	}
	return t, nil
}

func toolDir(dir string) (string, error) {
	if dir == "" {
		exe, err := os.Executable()
		if err == nil {
			exe, err = filepath.EvalSymlinks(exe)
		}
		if err != nil {
			return "", glovebox.Errorf(glovebox.KindInternal, "find this program: %w", err)
		}
		return filepath.Dir(exe), nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--bin")
	}
	return dir, nil
}
