package erofs

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// fataler is what fails a test, be it rapid's or the standard library's.
type fataler interface {
	Helper()
	Fatal(...any)
}

// settle gives a file or link times by its name, so that trees can be alike.
func settle(t fataler, name, path string) {
	t.Helper()
	when := unix.Timespec{Sec: int64(len(name)) * 1000, Nsec: 5}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, path, []unix.Timespec{when, when}, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		t.Fatal(err)
	}
}

// odd fills dir with all that an image may have and more.
func odd(t testing.TB, dir string) {
	t.Helper()
	asRoot(t)
	at := func(name string) string { return filepath.Join(dir, name) }
	try := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	file := func(name string, body []byte) {
		t.Helper()
		try(os.MkdirAll(filepath.Dir(at(name)), 0o755))
		try(os.WriteFile(at(name), body, 0o644))
	}
	file("usr/tool", []byte("#!/bin/sh\n"))
	try(os.Chmod(at("usr/tool"), 0o755|os.ModeSetuid|os.ModeSetgid))
	for _, size := range []int{0, 1, 4031, 4032, 4033, 4095, 4096, 4097, 8192, 1<<20 - 1, 1 << 20, 3<<20 + 7} {
		file(fmt.Sprintf("sizes/%d", size), bytes.Repeat([]byte{1, 2, 3, 4, 5, 6, 7}, size/7+1)[:size])
	}
	for _, size := range []int{1, 100, 4031, 4032, 4033, 4095} {
		try(os.Symlink(strings.Repeat("l", size), at(fmt.Sprintf("link%d", size))))
	}
	for _, name := range []string{"!first", "-dash", "..x", "...", ".hidden", "new\nline", "\xff\xfe", "quote'\"", " ", "\x01", strings.Repeat("n", 255), "ünï", "a\\b", "*"} {
		file("names/"+name, []byte(name))
	}
	for i := range 10_000 {
		file(fmt.Sprintf("many/%d", i), nil)
	}
	for i := range 20 { // folders whose last block has from few to many bytes
		for j := range 50 + i {
			file(fmt.Sprintf("full%d/%d%s", i, j, strings.Repeat("f", 60+i)), nil)
		}
	}
	try(os.MkdirAll(at(strings.Repeat("d/", 200)), 0o700))
	try(os.MkdirAll(at("empty"), 0o1777))
	try(os.Chmod(at("empty"), 0o777|os.ModeSticky))
	file("hard/one", []byte("same"))
	try(os.Link(at("hard/one"), at("hard/two")))
	try(os.Link(at("hard/one"), at("zz-three")))
	try(os.Link(at("link100"), at("hard/link")))
	try(unix.Mkfifo(at("fifo"), 0o622))
	try(unix.Mknod(at("socket"), unix.S_IFSOCK|0o600, 0))
	try(unix.Mknod(at("char"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 5))))
	try(unix.Mknod(at("block"), unix.S_IFBLK|0o666, int(unix.Mkdev(7, 0))))
	try(unix.Mknod(at("whiteout"), unix.S_IFCHR, 0))
	file("attributes", []byte("x"))
	try(unix.Setxattr(at("attributes"), "user.long", bytes.Repeat([]byte("v"), 1000), 0))
	capability := []byte{1, 0, 0, 2, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0, 0, 0, 0, 0, 0, 0}
	try(unix.Setxattr(at("attributes"), "security.capability", capability, 0))
	file("owner", nil)
	try(os.Lchown(at("owner"), 2147483647, 70000))
	try(os.Lchown(at("link1"), 65536, 65537))
	hole(t, at("holes"), 1<<20)
	old := []unix.Timespec{{Sec: -100, Nsec: 7}, {Sec: -100, Nsec: 999_999_999}}
	try(unix.UtimesNanoAt(unix.AT_FDCWD, at("owner"), old, unix.AT_SYMLINK_NOFOLLOW))
	try(unix.UtimesNanoAt(unix.AT_FDCWD, at("sizes"), []unix.Timespec{{Sec: 1 << 33}, {Sec: 1 << 33}}, 0))
}

// hole makes a file of size bytes and a bit, with data at its begin, in its
// middle and at its end.
func hole(t testing.TB, path string, size int64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, at := range []int64{0, size / 2, size} {
		if _, err := f.WriteAt([]byte("data"), at); err != nil {
			t.Fatal(err)
		}
	}
}
