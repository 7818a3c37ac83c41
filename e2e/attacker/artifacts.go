package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// artifacts leaves in a folder what could harm whoever takes it home: ways out of
// the folder, rights, names, and more than there is room for. What cannot be made
// somewhere is left away.
func artifacts(o options) {
	dir := o.find
	in := func(name string) string { return filepath.Join(dir, name) }
	_ = os.WriteFile(in("a plain file"), []byte("plain\n"), 0o644)
	_ = os.Symlink(o.canary, in("link"))
	_ = os.Symlink("../outside/canary", in("relative"))
	_ = os.Symlink("/", in("root"))
	_ = os.Symlink("..", in("up"))
	_ = os.Symlink("loop", in("loop"))
	_ = os.WriteFile(in("setuid"), []byte("#!/bin/sh\n"), 0o755)
	_ = os.Chmod(in("setuid"), 0o7777|os.ModeSetuid|os.ModeSetgid|os.ModeSticky)
	_ = unix.Mkfifo(in("fifo"), 0o666)
	_ = unix.Mknod(in("device"), unix.S_IFBLK|0o666, int(unix.Mkdev(8, 0)))
	_ = unix.Mknod(in("null"), unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3)))
	if fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); err == nil {
		_ = unix.Bind(fd, &unix.SockaddrUnix{Name: in("socket")})
	}
	for _, name := range []string{"esc\x1b[2J", "title\x1b]0;x\x07", "new\nline", "tab\t", `..\windows`, "bad\xff\xfe", "c1\u009b31m"} {
		_ = os.WriteFile(in(name), []byte("named\n"), 0o644)
	}
	deep := in("deep")
	for range 150 {
		deep = filepath.Join(deep, "d")
	}
	_ = os.MkdirAll(deep, 0o755)
	_ = os.WriteFile(filepath.Join(deep, "f"), []byte("deep\n"), 0o644)
	long := in(strings.Repeat("n", 250))
	for range 5 {
		long = filepath.Join(long, strings.Repeat("n", 250))
	}
	_ = os.MkdirAll(long, 0o755)
	if f, err := os.Create(in("sparse")); err == nil {
		_ = f.Truncate(1 << 36)
		f.Close()
	}
	_ = os.Mkdir(in("many"), 0o755)
	made := 0
	for i := range min(o.most, 12_000) {
		if f, err := os.Create(in(fmt.Sprintf("many/%05d", i))); err == nil {
			f.Close()
			made++
		}
	}
	fmt.Println("made", made)
}
