package imageroot

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"syscall"

	"glovebox"
)

// Workdir checks the working directory and returns it cleaned, and whether it
// exists; one that does not is made in the scratch layer. It must not lead
// into what is mounted over the image: /proc/self/fd/N as a working directory
// has been a way out of a container (CVE-2024-21626).
func (r *Root) Workdir(dir string) (clean string, exists bool, err error) {
	if dir == "" {
		return "/", true, nil
	}
	if !path.IsAbs(dir) || strings.ContainsRune(dir, 0) {
		return "", false, badWorkdir("%q is not an absolute path", dir)
	}
	clean = path.Clean(dir)
	at, info, err := r.Resolve(clean)
	switch {
	case virtual(clean), virtual("/" + at):
		return "", false, badWorkdir("%s lies in a folder of the sandbox, not of the image", dir)
	case errors.Is(err, fs.ErrNotExist):
		return clean, false, nil
	case errors.Is(err, syscall.ENOTDIR):
		return "", false, badWorkdir("part of %s is a file in the image", dir)
	case err != nil:
		return "", false, badWorkdir("%w", err)
	case !info.IsDir():
		return "", false, badWorkdir("%s is a file in the image", dir)
	}
	return clean, true, nil
}

func badWorkdir(format string, args ...any) error {
	return glovebox.Errorf(glovebox.KindWorkdir, format, args...).On("workdir").
		Try("give an absolute path of a folder in the image, or one that can be made")
}
