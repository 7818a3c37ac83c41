package images

import (
	"context"
	"errors"

	"glovebox"
)

// The three ways to refuse an image for what it is. Each has a hint of its own
// that a more precise one may replace.

func corrupt(format string, args ...any) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindImageCorrupt, format, args...).
		Try("push or save the image again, and pull it from a source you trust")
}

func invalid(format string, args ...any) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindImageInvalid, format, args...).
		Try("build the image again with a current builder")
}

func tooLarge(format string, args ...any) *glovebox.Error {
	return glovebox.Errorf(glovebox.KindImageTooLarge, format, args...).
		Try("make the image smaller, or ask the operator for a higher cap")
}

// isContext says whether err only says that somebody asked to stop.
func isContext(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
