package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// read returns a file of the machine, or its stand-in.
func (p Patient) read(path string) (string, error) {
	if p.Files != nil {
		text, ok := p.Files[path]
		if !ok {
			return "", &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
		}
		return text, nil
	}
	b, err := os.ReadFile(path)
	return string(b), err
}

// oldest is the first kernel with everything that gVisor and cgroup v2 need.
var oldest = [2]int{5, 4}

func kernel(_ context.Context, p Patient) Finding {
	text, err := p.read("/proc/sys/kernel/osrelease")
	if err != nil {
		return fail("the version cannot be read: %v", err).try("mount /proc")
	}
	release := strings.TrimSpace(text)
	var v [2]int
	if _, err := fmt.Sscanf(release, "%d.%d", &v[0], &v[1]); err != nil {
		return warn("%s, which is no version we understand", release)
	}
	if v[0] < oldest[0] || v[0] == oldest[0] && v[1] < oldest[1] {
		return fail("%s", release).try("use Linux %d.%d or later", oldest[0], oldest[1])
	}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return fail("%s on %s", release, runtime.GOARCH).try("gVisor runs on amd64 and arm64")
	}
	return ok("%s on %s", release, runtime.GOARCH)
}

func namespaces(_ context.Context, _ Patient) Finding {
	var missing []string
	for _, name := range []string{"mnt", "pid", "net", "ipc", "uts", "cgroup", "user"} {
		if _, err := os.Stat(filepath.Join("/proc/self/ns", name)); err != nil {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		return fail("no %s", strings.Join(missing, ", ")).try("use a kernel that is built with these namespaces")
	}
	return ok("all kinds")
}

func overlay(_ context.Context, p Patient) Finding {
	text, err := p.read("/proc/filesystems")
	if err != nil {
		return fail("%v", err)
	}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 0 && f[len(f)-1] == "overlay" {
			return ok("there")
		}
	}
	return fail("not known to the kernel").try("run: modprobe overlay")
}
