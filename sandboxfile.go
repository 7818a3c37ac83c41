package glovebox

import (
	"path"
	"strings"
)

// File is a file that a sandbox has besides what is in its image. It belongs to
// the command's user, cannot be written, and is in the memory of the sandbox
// alone: nothing of it is on the node's disk at any time. It counts as the job's
// memory where the sandbox has a kernel of its own.
type File struct {
	Path string // absolute; what the image has there is out of sight
	Mode uint32 // permission bits, such as 0o400
	Data SecretValue
}

// Bounds of SandboxSpec.Files.
const (
	MaxFiles     = 96
	MaxFileBytes = 16 << 20 // of all together
)

// notFiles are where a runtime mounts what is no file system of the image's, and
// what is there for the job to fill.
var notFiles = []string{"/proc", "/sys", "/dev", "/tmp", OutDir}

// CheckFiles says whether a sandbox can have these files: KindInvalid on
// "files".
func CheckFiles(files []File) error {
	wrong := func(format string, args ...any) *Error { return Errorf(KindInvalid, format, args...).On("files") }
	if len(files) > MaxFiles {
		return wrong("%d files", len(files)).Try("at most %d", MaxFiles)
	}
	size, seen := 0, map[string]bool{}
	for _, f := range files {
		size += f.Data.Len()
		switch {
		case !strings.HasPrefix(f.Path, "/") || path.Clean(f.Path) != f.Path || f.Path == "/" || f.Path == SecretsDir ||
			strings.ContainsRune(f.Path, 0) || len(f.Path) > 255:
			return wrong("%q cannot be a file's path", f.Path).Try("use a clean absolute path")
		case f.Mode&^0o777 != 0:
			return wrong("mode %o of %s has more than permissions", f.Mode, f.Path)
		case seen[f.Path]:
			return wrong("%s is there twice", f.Path)
		case path.Dir(path.Dir(f.Path)) == SecretsDir || strings.HasPrefix(path.Dir(f.Path), SecretsDir+"/"):
			return wrong("%s is in a folder of %s", f.Path, SecretsDir).Try("there are only files")
		}
		for _, dir := range notFiles {
			if f.Path == dir || strings.HasPrefix(f.Path, dir+"/") {
				return wrong("%s is not of the image's files", f.Path).Try("use a path outside of %s", dir)
			}
		}
		seen[f.Path] = true
	}
	for p := range seen {
		for dir := path.Dir(p); dir != "/"; dir = path.Dir(dir) {
			if seen[dir] {
				return wrong("%s cannot be both a file and a folder", dir)
			}
		}
	}
	if size > MaxFileBytes {
		return wrong("the files have %d bytes", size).Try("at most %d", MaxFileBytes)
	}
	return nil
}
