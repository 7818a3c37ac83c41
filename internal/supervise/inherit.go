package supervise

import (
	"errors"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"glovebox"
)

// envFiles lists the files that a child was given, as name=fd,name=fd. It is
// systemd's LISTEN_FDS without LISTEN_PID, which cannot be known before a fork.
const envFiles = "GLOVEBOX_FDS"

const readyName = "ready"

// Inherited takes over the file that the supervisor passed under this name, or
// returns nil if there is none. Each can be taken once.
func Inherited(name string) *os.File {
	var kept []string
	var file *os.File
	for _, pair := range strings.Split(os.Getenv(envFiles), ",") {
		n, v, _ := strings.Cut(pair, "=")
		fd, err := strconv.Atoi(v)
		if n == name && err == nil && file == nil {
			syscall.CloseOnExec(fd) // for us, not for what we start
			file = os.NewFile(uintptr(fd), name)
			continue
		}
		kept = append(kept, pair)
	}
	os.Setenv(envFiles, strings.Join(kept, ","))
	return file
}

// NotifyReady tells the supervisor that this process does its work. Without a
// supervisor it does nothing.
func NotifyReady() error {
	f := Inherited(readyName)
	if f == nil {
		return nil
	}
	_, err := f.WriteString("ready\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "tell the supervisor: %w", err)
	}
	return nil
}

// passFiles lays files out from descriptor 3 on and says so in env.
func passFiles(env []string, files map[string]*os.File) ([]string, []uintptr) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var fds []uintptr
	var pairs []string
	for i, name := range names {
		fds = append(fds, files[name].Fd())
		pairs = append(pairs, name+"="+strconv.Itoa(3+i))
	}
	return append(slices.Clip(env), envFiles+"="+strings.Join(pairs, ",")), fds
}
