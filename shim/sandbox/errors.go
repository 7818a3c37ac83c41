package sandbox

import (
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"

	"glovebox/shim/warden"
)

// startError gives gVisor's error a kind. gVisor's errors cross a process
// boundary as text, so the text is all there is to go by; what is not known
// stays of unknown kind and keeps its words.
func startError(err error) error {
	if errors.Is(err, warden.ErrFiles) { // whose words mean something else
		return fmt.Errorf("start the job: %w", err)
	}
	text := err.Error()
	for _, k := range startErrors {
		if strings.Contains(text, k.text) {
			return fmt.Errorf("%s: %w: %w", k.meaning, err, k.kind)
		}
	}
	return fmt.Errorf("start the job: %w", err)
}

// startErrors are tried in order.
var startErrors = []struct {
	text, meaning string
	kind          error
}{
	{"working directory", "working directory cannot be used", errdefs.ErrFailedPrecondition},
	{"error finding executable", "executable not found", errdefs.ErrNotFound},
	{"exec format error", "not an executable for this machine", errdefs.ErrInvalidArgument},
	{"no such file or directory", "executable not found", errdefs.ErrNotFound},
	{"permission denied", "executable may not be run", errdefs.ErrPermissionDenied},
	{"not a directory", "executable not found", errdefs.ErrNotFound},
}
