package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/e2e/box"
	"glovebox/e2e/fixture"
)

// sample is a list of durations.
type sample []time.Duration

func (s sample) at(q float64) float64 {
	slices.Sort(s)
	return float64(s[min(len(s)-1, int(q*float64(len(s))))]) / float64(time.Millisecond)
}

// coldStart compares submit → first byte through the whole product with a bare
// `runsc run` of the same command, root, limits and isolation, one after the
// other in turns.
func coldStart(t *program, b *box.Box, dir string, tree fixture.Tree, n int, f *figures) {
	bundle := makeBundle(t, b, dir, tree)
	c := client.New(client.Options{Socket: filepath.Join(b.Data, "run", "api.sock")})
	var ours, bare sample
	for i := range n + 3 {
		o, r := submit(t, c), runsc(t, b, dir, bundle)
		if i >= 3 { // the first rounds warm caches on both sides
			ours, bare = append(ours, o), append(bare, r)
		}
	}
	f.add("cold_p50_ms", "submit → first byte, cold, p50", ours.at(0.5), "ms", "")
	f.add("cold_p95_ms", "submit → first byte, cold, p95", ours.at(0.95), "ms", "")
	f.add("runsc_p50_ms", "bare runsc run → first byte, p50", bare.at(0.5), "ms", "")
	f.add("runsc_p95_ms", "bare runsc run → first byte, p95", bare.at(0.95), "ms", "")
	f.add("cold_ratio", "ratio of the medians", ours.at(0.5)/bare.at(0.5), "×", "≤ 1.3 ×")
}

// submit hands a job in and waits for the first byte that it writes, then for
// the end of everything.
func submit(t *program, c *client.Client) time.Duration {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	began := time.Now()
	job, err := c.Submit(ctx, glovebox.Spec{Image: "busybox:bench", Cmd: []string{"echo", "hi"}}, "")
	t.must(err)
	out, err := c.Output(ctx, job.ID, client.Stdout, client.OutputOptions{Follow: true})
	t.must(err)
	_, err = io.ReadFull(out, make([]byte, 1))
	took := time.Since(began)
	t.must(err)
	_ = out.Close()
	_, err = c.Wait(ctx, job.ID, client.Archived)
	t.must(err)
	return took
}

func runsc(t *program, b *box.Box, dir, bundle string) time.Duration {
	cmd := exec.Command(filepath.Join(b.Bin, "runsc"), "--root", filepath.Join(dir, "runsc"), "--network=none", "run", "--bundle", bundle, glovebox.NewID("b"))
	out, err := cmd.StdoutPipe()
	t.must(err)
	cmd.Stderr = os.Stderr
	began := time.Now()
	t.must(cmd.Start())
	_, err = io.ReadFull(out, make([]byte, 1))
	took := time.Since(began)
	t.must(err)
	_, _ = io.Copy(io.Discard, out)
	t.must(cmd.Wait())
	return took
}

// makeBundle unpacks the image and writes the same limits that a job has by
// default.
func makeBundle(t *program, b *box.Box, dir string, tree fixture.Tree) string {
	bundle := filepath.Join(dir, "bundle")
	rootfs := filepath.Join(bundle, "rootfs")
	t.must(os.MkdirAll(rootfs, 0o755))
	raw, err := tree.Tar()
	t.must(err)
	t.must(os.WriteFile(filepath.Join(dir, "layer.tar"), raw, 0o644))
	t.must(exec.Command("tar", "-C", rootfs, "-xf", filepath.Join(dir, "layer.tar")).Run())
	spec := exec.Command(filepath.Join(b.Bin, "runsc"), "spec", "--bundle", bundle)
	t.must(spec.Run())
	path := filepath.Join(bundle, "config.json")
	data, err := os.ReadFile(path)
	t.must(err)
	var s map[string]any
	t.must(json.Unmarshal(data, &s))
	process := s["process"].(map[string]any)
	process["args"], process["terminal"] = []string{"echo", "hi"}, false
	process["env"] = []string{"PATH=/bin"}
	linux := s["linux"].(map[string]any)
	d := glovebox.DefaultLimits()
	linux["resources"] = map[string]any{
		"memory": map[string]any{"limit": d.Memory}, "pids": map[string]any{"limit": d.Pids},
		"cpu": map[string]any{"quota": int64(d.CPUs * 100_000), "period": 100_000},
	}
	linux["cgroupsPath"] = "/glovebox-bench"
	data, err = json.Marshal(s)
	t.must(err)
	t.must(os.WriteFile(path, data, 0o644))
	return bundle
}
