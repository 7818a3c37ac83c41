// Command mkimage writes an OCI archive from what is on this machine: Debian's
// busybox, or a folder.
package main

import (
	"flag"
	"fmt"
	"os"

	"glovebox/e2e/fixture"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mkimage:", err)
		os.Exit(1)
	}
}

func run() error {
	name := flag.String("name", "", "name of the image, such as busybox:demo")
	out := flag.String("o", "", "archive to write")
	rootfs := flag.String("rootfs", "", "folder to pack; without it, busybox")
	python := flag.String("python", "", "pack Debian's python3, with this folder as cache")
	flag.Parse()
	if *name == "" || *out == "" {
		return fmt.Errorf("-name and -o are needed")
	}
	tree, err := tree(*rootfs, *python)
	if err != nil {
		return err
	}
	img, err := fixture.Image(tree, v1.Config{Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin"}, Cmd: []string{"/bin/sh"}})
	if err != nil {
		return err
	}
	return fixture.WriteArchive(*out, *name, img)
}

func tree(rootfs, python string) (fixture.Tree, error) {
	switch {
	case python != "":
		return fixture.Python(python)
	case rootfs == "":
		return fixture.Busybox(fixture.BusyboxPath)
	}
	t := fixture.Tree{}
	return t, t.AddFolder(rootfs)
}
