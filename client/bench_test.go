package client_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/blob/folder"
	"glovebox/client"
	"glovebox/output"
)

// onDisk serves output that is kept in files, as glovebox up does.
func onDisk(t testing.TB) (*client.Client, *output.Logs, string) {
	t.Helper()
	blobs, err := folder.Open(filepath.Join(t.TempDir(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	logs := output.New(blobs)
	s, c := start(t, func(config *api.Config) { config.Logs = logs })
	job, err := c.Submit(context.Background(), glovebox.Spec{Image: "a"}, "")
	if err != nil {
		t.Fatal(err)
	}
	s.Place(job.ID)
	return c, logs, job.ID
}

func fill(t testing.TB, logs *output.Logs, id string, size int64) {
	t.Helper()
	piece := bytes.Repeat([]byte("0123456789abcde\n"), 1<<16)
	for at := int64(0); at < size; at += int64(len(piece)) {
		if _, err := logs.Append(context.Background(), id, 1, output.Stdout, at, piece); err != nil {
			t.Fatal(err)
		}
	}
	if err := logs.Seal(context.Background(), id, 1); err != nil {
		t.Fatal(err)
	}
}

// copyAll reads a job's output whole, through the client.
func copyAll(t testing.TB, c *client.Client, id string, follow bool) int64 {
	t.Helper()
	r, err := c.Output(context.Background(), id, client.Stdout, client.OutputOptions{Follow: follow})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n, err := io.Copy(nowhere{}, r)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type nowhere struct{}

func (nowhere) Write(p []byte) (int, error) { return len(p), nil }

// BenchmarkOutput moves a gigabyte from a file through output, API and client,
// over a unix socket.
func BenchmarkOutput(b *testing.B) {
	const size = 1 << 30
	for name, follow := range map[string]bool{"whole": false, "follow": true} {
		b.Run(name, func(b *testing.B) {
			c, logs, id := onDisk(b)
			fill(b, logs, id, size)
			before := peak(b)
			b.SetBytes(size)
			for b.Loop() {
				if n := copyAll(b, c, id, follow); n != size {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(peak(b)-before)/(1<<20), "MiB-RSS-growth")
		})
	}
}

// BenchmarkEvents moves output the way that `glovebox run` gets it.
func BenchmarkEvents(b *testing.B) {
	const size = 128 << 20
	c, logs, id := onDisk(b)
	fill(b, logs, id, size)
	b.SetBytes(size)
	for b.Loop() {
		n := 0
		for e, err := range c.Events(context.Background(), id, "") {
			if err != nil {
				b.Fatal(err)
			}
			if n += len(e.Data.Data); n == size {
				break // the job of this test does not end
			}
		}
	}
}

// BenchmarkSubmit is one job over one connection.
func BenchmarkSubmit(b *testing.B) {
	_, c := start(b)
	for b.Loop() {
		if _, err := c.Submit(context.Background(), glovebox.Spec{Image: "busybox", Cmd: []string{"true"}}, ""); err != nil {
			b.Fatal(err)
		}
	}
}

// TestOutputThroughput holds the promise, with room for a slow machine: the
// benchmark gives the figure. Memory must not grow with the output.
func TestOutputThroughput(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector is what would be measured")
	}
	const size = 256 << 20
	c, logs, id := onDisk(t)
	fill(t, logs, id, size)
	before := peak(t)
	begin := time.Now()
	if n := copyAll(t, c, id, true); n != size {
		t.Fatal(n)
	}
	rate := float64(size) / (1 << 20) / time.Since(begin).Seconds()
	grown := (peak(t) - before) >> 20
	t.Logf("%.0f MiB/s, %d MiB more memory", rate, grown)
	if grown > 32 {
		t.Errorf("memory grew by %d MiB", grown)
	}
	if rate < 100 {
		t.Errorf("%.0f MiB/s", rate)
	}
}

// peak is the most memory that the process has had, in bytes.
func peak(t testing.TB) int64 {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}
