package shimtest

import (
	"bufio"
	"context"
	"encoding/json"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"google.golang.org/protobuf/types/known/anypb"
)

// Held is a job that answers questions. Its output is read by the line.
type Held struct {
	*Task
	lines *bufio.Reader
}

// converse begins to read the output, which nothing else may read.
func (k *Task) converse() *Held { return &Held{k, bufio.NewReader(k.Stdout.pipe)} }

// Line is the next line of the output.
func (h *Held) Line(t testing.TB) string {
	t.Helper()
	must(t, h.Stdout.pipe.SetReadDeadline(time.Now().Add(Patience)))
	line, err := h.lines.ReadString('\n')
	if err != nil {
		t.Fatalf("%q, %v; stderr %q", line, err, h.shim.Log())
	}
	return strings.TrimSuffix(line, "\n")
}

// Tell writes a line to the job's input.
func (h *Held) Tell(t testing.TB, line string) {
	t.Helper()
	_, err := h.Stdin.WriteString(line + "\n")
	must(t, err)
}

// Ask tells a line and returns the answer.
func (h *Held) Ask(t testing.TB, line string) string {
	t.Helper()
	h.Tell(t, line)
	return h.Line(t)
}

// Hold starts a job that answers questions.
func (s *Shim) Hold(t testing.TB, j Job) *Held {
	t.Helper()
	j.Stdin = true
	k := s.NewTask(t, j)
	must(t, k.createQuietly())
	k.Start(t)
	return k.converse()
}

// createQuietly is TryCreate without collecting the output.
func (k *Task) createQuietly() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	r, err := k.openPipes()
	if err == nil {
		_, err = k.shim.TTRPCTaskService.Create(ctx, r)
	}
	if err == nil && k.job.Stdin {
		k.Stdin, err = os.OpenFile(k.Pipe("stdin"), os.O_WRONLY, 0)
	}
	return err
}

func (k *Task) openPipes() (r *api.CreateTaskRequest, err error) {
	r = &api.CreateTaskRequest{ID: k.ID, Bundle: k.Bundle, Stdout: k.Pipe("stdout"), Stderr: k.Pipe("stderr")}
	if k.job.Stdin {
		r.Stdin = k.Pipe("stdin")
	}
	if k.Stdout, err = openOutput(k.Pipe("stdout")); err != nil {
		return nil, err
	}
	if k.Stderr, err = openOutput(k.Pipe("stderr")); err != nil {
		return nil, err
	}
	return r, nil
}

// Save saves the job into a folder.
func (k *Task) Save(dir string, end bool) error {
	options, err := json.Marshal(map[string]bool{"end": end})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	_, err = k.shim.TTRPCTaskService.Checkpoint(ctx, &api.CheckpointTaskRequest{
		ID: k.ID, Path: dir, Options: &anypb.Any{TypeUrl: "dev.glovebox.save", Value: options},
	})
	return err
}

// reseal puts the right checksum on a description that was changed.
func reseal(text string) []byte {
	var sealed struct {
		Sum      uint32          `json:"crc32c"`
		Snapshot json.RawMessage `json:"snapshot"`
	}
	if json.Unmarshal([]byte(text), &sealed) != nil {
		return nil
	}
	sealed.Sum = crc32.Checksum(sealed.Snapshot, crc32.MakeTable(crc32.Castagnoli))
	data, _ := json.Marshal(sealed)
	return data
}

// SnapshotDir makes an empty folder.
func (s *Shim) SnapshotDir(t testing.TB) string {
	t.Helper()
	must(t, os.MkdirAll(filepath.Join(s.Dir, "snap"), 0o700))
	dir, err := os.MkdirTemp(filepath.Join(s.Dir, "snap"), "")
	must(t, err)
	return dir
}

// ParkRestored parks the task with a snapshot in it. The image is that of the
// job that was saved.
func (k *Task) ParkRestored(dir string, from *Task) error {
	path := filepath.Join(k.Bundle, "config.json")
	if _, err := os.Stat(path + ".job"); err != nil {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		job := strings.ReplaceAll(string(data), "images/"+k.ID+".erofs", "images/"+from.ID+".erofs")
		if err := os.WriteFile(path+".job", []byte(job), 0o600); err != nil {
			return err
		}
	}
	data, err := os.ReadFile(path + ".job")
	if err != nil {
		return err
	}
	var spec map[string]any
	if err := json.Unmarshal(data, &spec); err != nil {
		return err
	}
	a := spec["annotations"].(map[string]any)
	a["dev.glovebox.park"], a["dev.glovebox.snapshot"] = "true", dir
	delete(a, "dev.glovebox.report")
	if data, err = json.Marshal(spec); err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	_, err = k.shim.TTRPCTaskService.Create(ctx, &api.CreateTaskRequest{ID: k.ID, Bundle: k.Bundle})
	return err
}

// rename changes the host name and the environment that the job claims with.
func (k *Task) rename(host string) error {
	path := filepath.Join(k.Bundle, "config.json.job")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text := strings.Replace(string(data), `"hostname":"sandbox"`, `"hostname":"`+host+`"`, 1)
	text = strings.Replace(text, `"PATH=/bin"`, `"PATH=/bin","FOR=`+strings.TrimPrefix(host, "host-")+`"`, 1)
	return os.WriteFile(path, []byte(text), 0o600)
}

// Take claims what was parked for the job, and does not start it.
func (k *Task) Take() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	r, err := k.openPipes()
	if err == nil {
		err = k.Claim(ctx, r)
	}
	if err == nil && k.job.Stdin {
		k.Stdin, err = os.OpenFile(k.Pipe("stdin"), os.O_WRONLY, 0)
	}
	return err
}
