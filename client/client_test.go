package client_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"glovebox"
	"glovebox/api"
	"glovebox/api/apitest"
	"glovebox/client"
	"glovebox/output"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func start(t testing.TB, change ...func(*api.Config)) (*apitest.Server, *client.Client) {
	t.Helper()
	s := apitest.Start(t, change...)
	c := client.New(client.Options{Socket: s.Socket, Patience: 5 * time.Second})
	t.Cleanup(c.Close)
	return s, c
}

func submit(t testing.TB, c *client.Client, change ...func(*glovebox.Spec)) string {
	t.Helper()
	spec := glovebox.Spec{Image: "busybox", Cmd: []string{"true"}}
	for _, f := range change {
		f(&spec)
	}
	job, err := c.Submit(t.Context(), spec, "")
	if err != nil {
		t.Fatal(err)
	}
	return job.ID
}

func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i*7 + i>>8*13 + i>>16)
	}
	return p
}

func want(t testing.TB, err error, kind glovebox.Kind, field string) {
	t.Helper()
	var e *glovebox.Error
	if !errors.As(err, &e) || e.Kind != kind || e.Field != field {
		t.Errorf("%v: want %s on %q", err, kind, field)
	}
}

func TestJobs(t *testing.T) {
	s, c := start(t)
	ctx := t.Context()
	spec := glovebox.Spec{
		Image: "busybox", Cmd: []string{"echo", "<&>\u2028"}, Env: map[string]string{"A": "é"}, Stdin: []byte{0, 255},
		Timeout: glovebox.Duration(time.Minute), Limits: glovebox.Limits{CPUs: 0.5}, Labels: map[string]string{"a": "b"},
	}
	job, err := c.Submit(ctx, spec, "key")
	if err != nil || job.Spec.Cmd[1] != "<&>\u2028" || job.Spec.Env["A"] != "é" || job.Spec.StdinBytes != 2 || job.Spec.Limits.CPUs != 0.5 {
		t.Fatalf("%+v, %v", job, err)
	}
	again, err := c.Submit(ctx, spec, "key")
	if err != nil || again.ID != job.ID {
		t.Errorf("%s and %s, %v", job.ID, again.ID, err)
	}
	spec.Image = "other"
	_, err = c.Submit(ctx, spec, "key")
	want(t, err, glovebox.KindKeyReused, "Idempotency-Key")
	if got, err := c.Job(ctx, job.ID); err != nil || got.ID != job.ID || !got.CreatedAt.Equal(job.CreatedAt) {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Cancel(ctx, job.ID); err != nil || got.Cancel == nil {
		t.Errorf("%+v, %v", got, err)
	}
	go func() {
		s.Place(job.ID)
		s.Finish(t, job.ID, 4)
		time.Sleep(10 * time.Millisecond)
		s.Archive(job.ID)
	}()
	if got, err := c.Wait(ctx, job.ID, client.Ended); err != nil || got.Result == nil || got.Result.ExitCode != 4 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := c.Wait(ctx, job.ID, client.Archived); err != nil || got.Status != glovebox.StatusArchived {
		t.Errorf("%+v, %v", got, err)
	}
	if v, err := c.Version(ctx); err != nil || v.API != "v1" {
		t.Errorf("%+v, %v", v, err)
	}
}

func TestList(t *testing.T) {
	s, c := start(t)
	var ids []string
	for range 10 {
		ids = append([]string{submit(t, c, func(s *glovebox.Spec) { s.Labels = map[string]string{"a=b"[:1]: "x y&z"} })}, ids...)
	}
	s.Place(ids[3])
	collect := func(f client.Filter) (got []string) {
		t.Helper()
		for j, err := range c.List(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, j.ID)
		}
		return got
	}
	if got := collect(client.Filter{PageSize: 3, Labels: map[string]string{"a": "x y&z"}, Since: time.Now().Add(-time.Hour)}); strings.Join(got, " ") != strings.Join(ids, " ") {
		t.Errorf("%v", got)
	}
	if got := collect(client.Filter{Statuses: []glovebox.Status{glovebox.StatusRunning, glovebox.StatusFailed}}); len(got) != 1 || got[0] != ids[3] {
		t.Errorf("%v", got)
	}
	for i, end := range map[int]glovebox.Status{5: glovebox.StatusFailed, 6: glovebox.StatusCancelled, 7: glovebox.StatusCompleted} {
		s.Service.Update(ids[i], func(j *glovebox.Job) { j.Status, j.Outcome = glovebox.StatusArchived, end })
	}
	if got := collect(client.Filter{PageSize: 1, Outcomes: []glovebox.Status{glovebox.StatusCancelled, glovebox.StatusFailed}}); strings.Join(got, " ") != strings.Join(ids[5:7], " ") {
		t.Errorf("%v", got)
	}
	for _, err := range c.List(t.Context(), client.Filter{Outcomes: []glovebox.Status{glovebox.StatusRunning}}) {
		want(t, err, glovebox.KindInvalid, "outcome")
	}
	for _, err := range c.List(t.Context(), client.Filter{PageSize: 5000}) {
		want(t, err, glovebox.KindInvalid, "limit")
	}
}

func TestErrorsComeBack(t *testing.T) {
	s, c := start(t)
	for _, k := range glovebox.Kinds() {
		s.Service.Fail(func(string) error { return glovebox.Errorf(k, "so it is").On("a.b").Try("do this") })
		if k == glovebox.KindUnavailable {
			continue // repeated; see TestBusy
		}
		_, err := c.Page(t.Context(), client.Filter{}, "")
		var e *glovebox.Error
		if !errors.As(err, &e) || e.Kind != k {
			t.Errorf("%s: %v", k, err)
		} else if k != glovebox.KindInternal && (e.Message != "so it is" || e.Field != "a.b" || e.Hint != "do this") {
			t.Errorf("%s: %+v", k, e)
		}
	}
	s.Service.Fail(nil)
	_, err := c.Job(t.Context(), "../../etc")
	want(t, err, glovebox.KindNotFound, "")
	_, err = c.Job(t.Context(), "")
	want(t, err, glovebox.KindInvalid, "jobID")
	_, err = c.Submit(t.Context(), glovebox.Spec{Image: "a", Cmd: []string{"\xff"}}, "")
	want(t, err, glovebox.KindInvalid, "cmd.0")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Job(ctx, "j1"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNoServer(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, socket := range []string{dir + "/none", dir + "/no/such/folder", dir + "/file", dir + "/file/x"} {
		c := client.New(client.Options{Socket: socket})
		begin := time.Now()
		_, err := c.Version(t.Context())
		want(t, err, glovebox.KindNoServer, "")
		if !strings.Contains(glovebox.AsError(err).Hint, "glovebox up") || time.Since(begin) > time.Second {
			t.Errorf("%+v after %s", err, time.Since(begin))
		}
		_, err = c.Output(t.Context(), "j1", client.Stdout, client.OutputOptions{})
		want(t, err, glovebox.KindNoServer, "")
		for _, err := range c.Run(t.Context(), glovebox.Spec{Image: "a"}, "") {
			want(t, err, glovebox.KindNoServer, "")
		}
	}
}

func TestBusy(t *testing.T) {
	s, c := start(t)
	n := 0
	s.Service.Fail(func(string) error {
		if n++; n < 4 {
			return glovebox.Errorf(glovebox.KindUnavailable, "busy")
		}
		return nil
	})
	submit(t, c)
	impatient := client.New(client.Options{Socket: s.Socket, Patience: -1})
	defer impatient.Close()
	n = 0
	_, err := impatient.Submit(t.Context(), glovebox.Spec{Image: "a"}, "")
	want(t, err, glovebox.KindUnavailable, "")
	if n != 1 {
		t.Errorf("%d tries", n)
	}
}

func TestImages(t *testing.T) {
	s, c := start(t)
	ctx := t.Context()
	s.Images.Progress = []api.PullProgress{{Phase: "fetch", Done: 1, Total: 2}, {Phase: "store", Done: 2, Total: 2}}
	all, err := c.ImportImage(ctx, "a/b:c", bytes.NewReader(pattern(5_000_000)))
	if err != nil || len(all) != 1 || all[0].Size != 5_000_000 {
		t.Fatalf("%+v, %v", all, err)
	}
	var last client.PullProgress
	img, err := c.PullImage(ctx, "busybox:1", func(p client.PullProgress) { last = p })
	if err != nil || img.Name != "busybox:1" || last.Done != 2 {
		t.Errorf("%+v, %+v, %v", img, last, err)
	}
	if err := c.RemoveImage(ctx, "a/b:c"); err != nil {
		t.Error(err)
	}
	want(t, c.RemoveImage(ctx, "a/b:c"), glovebox.KindImageUnknown, "name")
	if all, err := c.Images(ctx); err != nil || len(all) != 1 || all[0].Name != "busybox:1" {
		t.Errorf("%+v, %v", all, err)
	}
	own := errors.New("my disk is broken")
	if _, err := c.ImportImage(ctx, "", io.MultiReader(strings.NewReader("x"), failing{own})); !errors.Is(err, own) {
		t.Errorf("%v", err)
	}
	s.Images.Fail(func(string) error { return glovebox.Errorf(glovebox.KindImageDenied, "no") })
	_, err = c.PullImage(ctx, "busybox:1", nil)
	want(t, err, glovebox.KindImageDenied, "")
	_, err = c.ImportImage(ctx, "", io.LimitReader(zeros{}, 1<<30))
	want(t, err, glovebox.KindImageDenied, "")
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestStdin(t *testing.T) {
	s, c := start(t)
	id := submit(t, c, func(s *glovebox.Spec) { s.StdinStream = true })
	p := pattern(3_500_000)
	size, err := c.AppendStdin(t.Context(), id, 0, bytes.NewReader(p[:1_000_000]), false)
	if err != nil || size != 1_000_000 {
		t.Fatal(size, err)
	}
	size, err = c.AppendStdin(t.Context(), id, size, bytes.NewReader(p[1_000_000:]), true)
	if err != nil || size != int64(len(p)) {
		t.Fatal(size, err)
	}
	r, err := s.Logs.Follow(t.Context(), id, 0, output.Stdin, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, p) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_, err = c.AppendStdin(t.Context(), id, size+5, strings.NewReader("x"), false)
	want(t, err, glovebox.KindConflict, "offset")
	if have, ok := client.Size(err); !ok || have != size {
		t.Errorf("size %d, %t", have, ok)
	}
}

// TestStdinOfATerminal: a line goes on its way while the next is not typed.
func TestStdinOfATerminal(t *testing.T) {
	s, c := start(t)
	id := submit(t, c, func(s *glovebox.Spec) { s.StdinStream = true })
	typed, keys := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := c.AppendStdin(t.Context(), id, 0, typed, true)
		done <- err
	}()
	r, err := s.Logs.Follow(t.Context(), id, 0, output.Stdin, 0, true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 3 {
		io.WriteString(keys, "a line\n")
		line := make([]byte, 7)
		if _, err := io.ReadFull(r, line); err != nil || string(line) != "a line\n" {
			t.Fatalf("%q, %v", line, err)
		}
	}
	keys.Close()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(r); err != nil || len(rest) != 0 {
		t.Errorf("%q, %v", rest, err)
	}
}
