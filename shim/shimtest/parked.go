package shimtest

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

// parked has every job of every test run in a sandbox that was parked before,
// so that the whole suite holds for those too.
var parked = os.Getenv("GLOVEBOX_TEST_PARKED") != ""

// Park makes the task as a parked one.
func (k *Task) Park(ctx context.Context) error {
	config, err := json.Marshal(map[string]any{
		"ociVersion":  "1.2.0",
		"process":     map[string]any{"args": []string{"/pause"}, "cwd": "/"},
		"root":        map[string]any{"path": "/", "readonly": true},
		"annotations": map[string]string{"dev.glovebox.park": "true"},
		"linux": map[string]any{
			"cgroupsPath": k.shim.CgroupPath(k.ID),
			"resources":   map[string]any{"cpu": map[string]any{"shares": 2}},
			"namespaces":  []map[string]any{k.shim.network(k.job)},
		},
	})
	if err != nil {
		return err
	}
	job := filepath.Join(k.Bundle, "config.json")
	if _, err := os.Stat(job + ".job"); err != nil {
		if err := os.Rename(job, job+".job"); err != nil {
			return err
		}
	}
	if err := os.WriteFile(job, config, 0o600); err != nil {
		return err
	}
	_, err = k.shim.TTRPCTaskService.Create(ctx, &api.CreateTaskRequest{ID: k.ID, Bundle: k.Bundle})
	return err
}

// Claim gives the parked sandbox to the job.
func (k *Task) Claim(ctx context.Context, pipes *api.CreateTaskRequest) error {
	spec, err := os.ReadFile(filepath.Join(k.Bundle, "config.json.job"))
	if err != nil {
		return err
	}
	claim, err := json.Marshal(map[string]any{
		"spec": json.RawMessage(spec), "stdin": pipes.Stdin, "stdout": pipes.Stdout, "stderr": pipes.Stderr, "files": k.job.Files,
	})
	if err != nil {
		return err
	}
	_, err = k.shim.Update(ctx, &api.UpdateTaskRequest{ID: k.ID, Resources: &anypb.Any{TypeUrl: "dev.glovebox.claim", Value: claim}})
	return err
}

func (k *Task) parkAndClaim(ctx context.Context, pipes *api.CreateTaskRequest) error {
	if err := k.Park(ctx); err != nil {
		return err
	}
	if err := k.Claim(ctx, pipes); err != nil {
		_, left := k.shim.TTRPCTaskService.Delete(ctx, &api.DeleteRequest{ID: k.ID})
		return errors.Join(err, left)
	}
	return nil
}
