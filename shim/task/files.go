package task

import (
	"encoding/json"
	"fmt"

	"github.com/containerd/errdefs"

	"glovebox/shim/sandbox"
)

// FilesType is the type of the resources by which Update gives a job that was
// created with sandbox.AnnotationFiles its files. The value is Files as JSON.
const FilesType = "dev.glovebox.files"

// Files are those of a job. They are kept off every disk, so they are in no
// request that containerd sees.
type Files struct{ sandbox.Given }

func giveFiles(value []byte) func(*sandbox.Sandbox) error {
	return func(sb *sandbox.Sandbox) error {
		var f Files
		if json.Unmarshal(value, &f) != nil { // whose error may quote them
			return fmt.Errorf("files: not what they should be: %w", errdefs.ErrInvalidArgument)
		}
		return sb.Files(f.Given)
	}
}
