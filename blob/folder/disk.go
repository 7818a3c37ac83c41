package folder

import (
	"errors"
	"syscall"

	"glovebox"
)

// diskError gives an error of the file system a kind: out of something that can
// come back is KindUnavailable, anything else is our fault.
func diskError(doing string, err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return glovebox.Errorf(glovebox.KindUnavailable, "%s: %w", doing, err).
			Try("free space or inodes on the disk that holds the data folder")
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOMEM):
		return glovebox.Errorf(glovebox.KindUnavailable, "%s: %w", doing, err).
			Try("try again later, or raise the limits of the process")
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EIO), errors.Is(err, syscall.EACCES):
		return glovebox.Errorf(glovebox.KindUnavailable, "%s: %w", doing, err).
			Try("check the disk that holds the data folder and who may write to it")
	}
	return glovebox.Errorf(glovebox.KindInternal, "%s: %w", doing, err)
}
