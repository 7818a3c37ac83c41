package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
)

// What an image has at /etc decides which files a job is given.
func TestNameFiles(t *testing.T) {
	all := []string{"./etc/", "./etc/hostname", "./etc/hosts", "./etc/machine-id"}
	for name, c := range map[string]struct {
		make func(image, etc string) error
		want []string
	}{
		"nothing": {func(_, etc string) error { return os.Remove(etc) }, all},
		"empty":   {func(_, _ string) error { return nil }, all},
		"files":   {func(_, etc string) error { return os.WriteFile(filepath.Join(etc, "hosts"), nil, 0o600) }, all},
		"pipe": {func(_, etc string) error { return syscall.Mkfifo(filepath.Join(etc, "hosts"), 0o600) },
			[]string{"./etc/", "./etc/hostname", "./etc/machine-id"}},
		"link":   {func(_, etc string) error { return os.Symlink("/etc/hosts", filepath.Join(etc, "hosts")) }, []string{"./etc/", "./etc/hostname", "./etc/machine-id"}},
		"folder": {func(_, etc string) error { return os.Mkdir(filepath.Join(etc, "hostname"), 0o755) }, []string{"./etc/", "./etc/hosts", "./etc/machine-id"}},
		"none": {func(_, etc string) error {
			return errors.Join(os.Symlink("x", filepath.Join(etc, "hosts")), os.Symlink("x", filepath.Join(etc, "hostname")),
				os.Symlink("x", filepath.Join(etc, "machine-id")))
		}, nil},
		"etc is a link": {func(_, etc string) error { return errors.Join(os.Remove(etc), os.Symlink("/etc", etc)) }, nil},
		"etc links inside": {func(image, etc string) error {
			return errors.Join(os.Remove(etc), os.Mkdir(filepath.Join(image, "real"), 0o755), os.Symlink("real", etc))
		}, nil},
		"etc is a file": {func(_, etc string) error { return errors.Join(os.Remove(etc), os.WriteFile(etc, nil, 0o644)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			image := t.TempDir()
			etc := filepath.Join(image, "etc")
			if err := errors.Join(os.Mkdir(etc, 0o755), c.make(image, etc)); err != nil {
				t.Fatal(err)
			}
			entries, err := nameFiles(image, "me")
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range entries {
				got = append(got, e.Name)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// The layer's folder stands for the image's, so it has the same mode.
func TestNameFilesKeepTheFolder(t *testing.T) {
	image := t.TempDir()
	etc := filepath.Join(image, "etc")
	if err := errors.Join(os.Mkdir(etc, 0o700), os.Chmod(etc, 0o751|os.ModeSticky)); err != nil {
		t.Fatal(err)
	}
	entries, err := nameFiles(image, "me")
	if err != nil || len(entries) != 4 || entries[0].Mode != 0o1751 || entries[0].Uid != os.Getuid() {
		t.Errorf("%+v, %v", entries, err)
	}
	if none, err := nameFiles(image, ""); none != nil || err != nil {
		t.Errorf("without a host name: %+v, %v", none, err)
	}
}
