package imageroot

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"glovebox"
)

// DefaultPath is searched where the environment has no PATH.
const DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Executable returns the absolute path of command, looked up as the runtimes do:
// with a slash as it is, relative to workdir; otherwise along PATH; and an error
// if u cannot execute it. Finding out here gives a clear answer before a sandbox
// is made; runc's own answer to a file without a loader is exit code 1 and
// silence.
func (r *Root) Executable(command string, env []string, workdir string, u User) (string, error) {
	if command == "" {
		return "", missing(command, "the command is an empty string")
	}
	if strings.ContainsRune(command, '/') {
		if !path.IsAbs(command) {
			command = path.Join(workdir, command)
		}
		return command, r.executable(command, u, maxInterpreters)
	}
	var refused error
	search := PathOf(env)
	for dir := range strings.SplitSeq(search, ":") {
		if !path.IsAbs(dir) {
			continue
		}
		file := path.Join(dir, command)
		err := r.executable(file, u, maxInterpreters)
		if err == nil {
			return file, nil
		}
		if refused == nil && glovebox.KindOf(err) == glovebox.KindNotExecutable {
			refused = err
		}
	}
	if refused != nil {
		return "", refused
	}
	return "", missing(command, "there is no %q in the image along PATH=%s", command, search)
}

// PathOf returns the PATH of an environment.
func PathOf(env []string) string {
	for _, kv := range slices.Backward(env) {
		if v, ok := strings.CutPrefix(kv, "PATH="); ok {
			return v
		}
	}
	return DefaultPath
}

func (r *Root) executable(name string, u User, depth int) error {
	if virtual(name) {
		return refuse("%s is not a file of the image", name)
	}
	at, info, err := r.Resolve(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return missing(name, "there is no %s in the image", name)
	case err != nil:
		return refuse("%w", err)
	case info.IsDir():
		return refuse("%s is a folder", name)
	case virtual("/" + at), !info.Mode().IsRegular():
		return refuse("%s is not a regular file", name)
	case !mayExecute(info, u):
		return refuse("%s has mode %s, which does not let uid %d execute it", name, info.Mode().Perm(), u.UID)
	}
	return r.format(name, u, depth)
}

// virtual says whether something is mounted over that part of the image.
func virtual(name string) bool {
	name = path.Clean(name)
	return slices.ContainsFunc([]string{"/proc", "/dev", "/sys"}, func(dir string) bool {
		return name == dir || strings.HasPrefix(name, dir+"/")
	})
}

// mayExecute applies the mode bits as the kernel does to a process without
// capabilities; uid 0 gets nothing extra.
func mayExecute(info fs.FileInfo, u User) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.Mode()&0o111 != 0
	}
	switch {
	case st.Uid == u.UID:
		return st.Mode&0o100 != 0
	case st.Gid == u.GID || slices.Contains(u.Groups, st.Gid):
		return st.Mode&0o010 != 0
	}
	return st.Mode&0o001 != 0
}

func missing(name, format string, args ...any) error {
	return glovebox.Errorf(glovebox.KindNoExecutable, format, args...).On("cmd").
		Try("check the spelling of the command; the image's own files are all there is")
}

func refuse(format string, args ...any) error {
	return glovebox.Errorf(glovebox.KindNotExecutable, format, args...).On("cmd").
		Try("name a program or a script with an interpreter line, executable by the job's user")
}
