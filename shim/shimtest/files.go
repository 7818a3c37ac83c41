package shimtest

import (
	"context"
	"encoding/json"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

// File is one that a job gets besides its image's.
type File struct {
	Path string `json:"path"`
	Mode uint32 `json:"mode"`
	Data []byte `json:"data"`
}

// GiveFiles gives them to a job that was created to get some.
func (k *Task) GiveFiles(ctx context.Context, files []File) error {
	value, err := json.Marshal(map[string]any{"files": files})
	if err != nil {
		return err
	}
	_, err = k.shim.Update(ctx, &api.UpdateTaskRequest{ID: k.ID, Resources: &anypb.Any{TypeUrl: "dev.glovebox.files", Value: value}})
	return err
}
