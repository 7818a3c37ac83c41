package client_test

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/client"
	"glovebox/output"
)

func TestOutput(t *testing.T) {
	s, c := start(t)
	id := submit(t, c)
	s.Place(id)
	p := append([]byte{0, 0xff, 0xc3, 0x28, '\r', '\n'}, pattern(700_000)...)
	s.Write(t, id, output.Stdout, p)
	s.Write(t, id, output.Stderr, []byte("other"))
	read := func(st client.Stream, o client.OutputOptions) string {
		t.Helper()
		r, err := c.Output(t.Context(), id, st, o)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		b, err := io.ReadAll(iotest.OneByteReader(r))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if got := read(client.Stdout, client.OutputOptions{}); got != string(p) {
		t.Errorf("%d bytes of %d", len(got), len(p))
	}
	if got := read(client.Stdout, client.OutputOptions{Offset: 10, Limit: 1000, Follow: true}); got != string(p[10:1010]) {
		t.Errorf("%d bytes", len(got))
	}
	if got := read(client.Stderr, client.OutputOptions{Offset: 5}); got != "" {
		t.Errorf("%q", got)
	}
	_, err := c.Output(t.Context(), id, client.Stderr, client.OutputOptions{Offset: 6})
	want(t, err, glovebox.KindInvalid, "offset")
	s.Finish(t, id, 0)
	if got := read(client.Stderr, client.OutputOptions{Follow: true}); got != "other" {
		t.Errorf("%q", got)
	}
}

func TestOutputCloseEndsAWaitingRead(t *testing.T) {
	_, c := start(t)
	id := submit(t, c)
	r, err := c.Output(t.Context(), id, client.Stdout, client.OutputOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, func() { r.Close() })
	if n, err := r.Read(make([]byte, 1)); n != 0 || err == nil || err == io.EOF {
		t.Errorf("%d, %v", n, err)
	}
}

// TestRestarts: while control dies and comes back again and again, a reader of
// output, a reader of events, a writer of stdin, a waiter and a submitter see
// nothing of it.
func TestRestarts(t *testing.T) {
	s, c := start(t)
	ctx := t.Context()
	id := submit(t, c, func(s *glovebox.Spec) { s.StdinStream = true })
	s.Place(id)
	p := pattern(4 << 20)
	type result struct {
		name string
		ok   bool
		err  error
	}
	results := make(chan result)
	typed := make(chan struct{})
	go func() {
		r, err := c.Output(ctx, id, client.Stdout, client.OutputOptions{Follow: true})
		var got bytes.Buffer
		if err == nil {
			_, err = io.Copy(&got, r)
			r.Close()
		}
		results <- result{"output", bytes.Equal(got.Bytes(), p), err}
	}()
	go func() {
		var out, last = []byte{}, client.Event{}
		for e, err := range c.Events(ctx, id, "") {
			if err != nil {
				results <- result{"events", false, err}
				return
			}
			if e.Type == client.EventStdout {
				if e.Data.Offset != int64(len(out)) {
					t.Errorf("at %d after %d", e.Data.Offset, len(out))
				}
				out = append(out, e.Data.Data...)
			}
			last = e
		}
		results <- result{"events", bytes.Equal(out, p) && last.Type == client.EventEnd, nil}
	}()
	go func() {
		size, err := c.AppendStdin(ctx, id, 0, bytes.NewReader(p), true)
		if size != int64(len(p)) || err != nil {
			t.Errorf("stdin: %d, %v", size, err)
		}
		close(typed)
	}()
	go func() {
		job, err := c.Wait(ctx, id, client.Archived)
		results <- result{"wait", job.Status == glovebox.StatusArchived, err}
	}()
	go func() {
		ids := map[string]bool{}
		for range 30 {
			job, err := c.Submit(ctx, glovebox.Spec{Image: "x"}, "")
			if err != nil {
				results <- result{"submit", false, err}
				return
			}
			ids[job.ID] = true
			time.Sleep(3 * time.Millisecond)
		}
		stored := 0
		for _, err := range c.List(ctx, client.Filter{}) {
			if err != nil {
				t.Error(err)
			}
			stored++
		}
		results <- result{"submit", len(ids) == 30 && stored == 31, nil}
	}()
	for i := range 16 {
		n := len(p) / 16
		s.Write(t, id, output.Stdout, p[i*n:(i+1)*n])
		time.Sleep(5 * time.Millisecond)
		if i%4 == 3 {
			s.Stop(t)
		} else {
			s.Kill()
		}
		time.Sleep(5 * time.Millisecond)
		s.Up(t)
	}
	<-typed
	s.Finish(t, id, 0)
	s.Archive(id)
	for range 4 {
		if r := <-results; r.err != nil || !r.ok {
			t.Errorf("%s: %t, %v", r.name, r.ok, r.err)
		}
	}
}

func TestRun(t *testing.T) {
	s, c := start(t)
	var out strings.Builder
	var id string
	for e, err := range c.Run(t.Context(), glovebox.Spec{Image: "busybox"}, "") {
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case id == "":
			id = e.Job.ID
			go func() {
				s.Place(id)
				s.Write(t, id, output.Stdout, []byte("one "))
				s.Kill()
				s.Up(t)
				s.Write(t, id, output.Stdout, []byte("two"))
				s.Finish(t, id, 9)
			}()
		case e.Type == client.EventStdout:
			out.Write(e.Data.Data)
		case e.Type == client.EventEnd:
			if e.Job.Result.ExitCode != 9 || e.Job.Output.Stdout != 7 {
				t.Errorf("%+v", e.Job)
			}
		}
	}
	if out.String() != "one two" {
		t.Errorf("%q", out.String())
	}
}

// TestRunIsSubmittedOnce: the answer of the submit is lost, and the job is
// still only one.
func TestRunIsSubmittedOnce(t *testing.T) {
	s, c := start(t)
	submit(t, c) // so that the client knows there is a server
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	first := true
	var restart sync.WaitGroup
	s.Service.Fail = func(method string) error {
		if method == "Submit" && first {
			first = false
			restart.Go(func() { s.Kill(); s.Up(t) })
		}
		return nil
	}
	for e, err := range c.Run(ctx, glovebox.Spec{Image: "busybox"}, "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Type == client.EventJob {
			break
		}
	}
	restart.Wait()
	n := 0
	for range c.List(t.Context(), client.Filter{}) {
		n++
	}
	if n != 2 {
		t.Errorf("%d jobs", n)
	}
}

func TestRunRefused(t *testing.T) {
	_, c := start(t)
	n := 0
	for _, err := range c.Run(t.Context(), glovebox.Spec{}, "") {
		n++
		want(t, err, glovebox.KindInvalid, "containerImage")
	}
	if n != 1 {
		t.Errorf("%d events", n)
	}
}

func TestDenied(t *testing.T) {
	_, c := start(t, func(config *api.Config) { config.Auth = api.PeerUsers() })
	_, err := c.Version(t.Context())
	want(t, err, glovebox.KindDenied, "")
}
