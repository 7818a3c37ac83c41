package main

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// leave puts a canary everywhere where a job can put something, says so, and
// stays for a while, or until it is told to end. Then it takes away what would
// outlive it where nothing holds it.
func leave(o options) {
	canary := "canary-" + o.canary
	dirs := []string{"/", "/tmp", "/dev/shm", "/var", "/root", "/home/user"}
	if o.find != "/" {
		dirs = []string{o.find}
	}
	for _, dir := range dirs {
		_ = os.WriteFile(filepath.Join(dir, "left-behind"), []byte(canary), 0o666)
		_ = os.WriteFile(filepath.Join(dir, canary), nil, 0o666)
	}
	removeSegment, err := share(canary)
	defer removeSegment()
	removeKey, err2 := addKey(canary)
	defer removeKey()
	fmt.Println("left", err, err2)
	end := make(chan os.Signal, 1)
	signal.Notify(end, unix.SIGTERM, unix.SIGINT)
	select {
	case <-end:
	case <-time.After(o.stay):
	}
}

// scan is family 3: looks for the canary in all that can be read.
func scan(o options) []trial {
	canary := []byte("canary-" + o.canary)
	add := func(name string, do func() (string, error)) trial { return trial{family: 3, name: name, do: do} }
	return []trial{
		add("files and names of files", func() (string, error) { return inFiles(o.find, canary) }),
		add("processes", func() (string, error) { return inProcesses(canary) }),
		add("shared memory", func() (string, error) { return inSegment(canary) }),
		add("keys", func() (string, error) { return inKeys(canary) }),
	}
}

// inFiles reads every file that is not endless.
func inFiles(root string, canary []byte) (string, error) {
	found, files := "", 0
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fs.SkipDir
		}
		if root == "/" && (path == "/proc" || path == "/sys" || path == "/dev/pts") {
			return fs.SkipDir
		}
		files++
		if strings.Contains(path, string(canary)) {
			found = path
		} else if d.Type().IsRegular() && readerHas(path, canary, 64<<20) {
			found = path
		}
		if found != "" {
			return fs.SkipAll
		}
		return nil
	})
	if found == "" {
		return "", fmt.Errorf("not in %d files", files)
	}
	return found, nil
}

// readerHas looks for the canary in the first bytes of a file.
func readerHas(path string, canary []byte, most int64) bool {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	buf, kept := make([]byte, 1<<20), 0
	for r := io.LimitReader(f, most); ; {
		n, err := r.Read(buf[kept:])
		if bytes.Contains(buf[:kept+n], canary) {
			return true
		}
		if err != nil {
			return false
		}
		// What may be the beginning of a canary is looked at again.
		total := kept + n
		kept = min(total, len(canary)-1)
		copy(buf, buf[total-kept:total])
	}
}

// inProcesses looks at every process but itself, which has the canary to look
// for.
func inProcesses(canary []byte) (string, error) {
	others, _ := filepath.Glob("/proc/[0-9]*")
	seen := 0
	for _, p := range others {
		if p == "/proc/"+fmt.Sprint(os.Getpid()) {
			continue
		}
		seen++
		for _, f := range []string{"cmdline", "environ", "comm"} {
			if readerHas(filepath.Join(p, f), canary, 1<<20) {
				return p + "/" + f, nil
			}
		}
		if got, err := inFiles(p+"/root/tmp", canary); err == nil {
			return got, nil
		}
	}
	return "", fmt.Errorf("not in %d other processes", seen)
}
