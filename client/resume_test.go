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
	id := submit(t, c, func(s *glovebox.Spec) { s.StdinStream = true })
	s.Place(id)
	u := &users{t: t, c: c, id: id, data: pattern(4 << 20)}
	var typing, all sync.WaitGroup
	typing.Go(u.types)
	for _, use := range []func(){u.readsOutput, u.readsEvents, u.waits, u.submits} {
		all.Go(use)
	}
	for i := range 16 {
		n := len(u.data) / 16
		s.Write(t, id, output.Stdout, u.data[i*n:(i+1)*n])
		time.Sleep(5 * time.Millisecond)
		if i%4 == 3 {
			s.Stop(t)
		} else {
			s.Kill()
		}
		time.Sleep(5 * time.Millisecond)
		s.Up(t)
	}
	typing.Wait()
	s.Finish(t, id, 0)
	s.Archive(id)
	all.Wait()
}

// users are callers who do not know that control restarts.
type users struct {
	t    *testing.T
	c    *client.Client
	id   string
	data []byte // of stdout and stdin
}

func (u *users) readsOutput() {
	r, err := u.c.Output(u.t.Context(), u.id, client.Stdout, client.OutputOptions{Follow: true})
	if err != nil {
		u.t.Error(err)
		return
	}
	defer r.Close()
	var got bytes.Buffer
	if _, err := io.Copy(&got, r); err != nil || !bytes.Equal(got.Bytes(), u.data) {
		u.t.Errorf("output: %d bytes of %d, %v", got.Len(), len(u.data), err)
	}
}

func (u *users) readsEvents() {
	var out []byte
	var last client.Event
	for e, err := range u.c.Events(u.t.Context(), u.id, "") {
		if err != nil {
			u.t.Errorf("events: %v", err)
			return
		}
		if e.Type == client.EventStdout {
			if e.Data.Offset != int64(len(out)) {
				u.t.Errorf("events: at %d after %d", e.Data.Offset, len(out))
			}
			out = append(out, e.Data.Data...)
		}
		last = e
	}
	if !bytes.Equal(out, u.data) || last.Type != client.EventEnd {
		u.t.Errorf("events: %d bytes of %d, last %q", len(out), len(u.data), last.Type)
	}
}

func (u *users) types() {
	size, err := u.c.AppendStdin(u.t.Context(), u.id, 0, bytes.NewReader(u.data), true)
	if size != int64(len(u.data)) || err != nil {
		u.t.Errorf("stdin: %d, %v", size, err)
	}
}

func (u *users) waits() {
	job, err := u.c.Wait(u.t.Context(), u.id, client.Archived)
	if job.Status != glovebox.StatusArchived || err != nil {
		u.t.Errorf("wait: %q, %v", job.Status, err)
	}
}

// submits checks that each of its jobs was accepted once.
func (u *users) submits() {
	ids := map[string]bool{u.id: true}
	for range 30 {
		job, err := u.c.Submit(u.t.Context(), glovebox.Spec{Image: "x"}, "")
		if err != nil {
			u.t.Errorf("submit: %v", err)
			return
		}
		ids[job.ID] = true
		time.Sleep(3 * time.Millisecond)
	}
	stored := 0
	for _, err := range u.c.List(u.t.Context(), client.Filter{}) {
		if err != nil {
			u.t.Errorf("list: %v", err)
		}
		stored++
	}
	if len(ids) != 31 || stored != 31 {
		u.t.Errorf("submit: %d ids, %d jobs", len(ids), stored)
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
	s.Service.Fail(func(method string) error {
		if method == "Submit" && first {
			first = false
			restart.Go(func() { s.Kill(); s.Up(t) })
		}
		return nil
	})
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

// TestOutputAcrossAttempts: a reader gets the bytes of one attempt, also when the
// connection breaks as the next begins, and is told that there is one.
func TestOutputAcrossAttempts(t *testing.T) {
	for name, breaks := range map[string]bool{"in one connection": false, "broken": true} {
		t.Run(name, func(t *testing.T) {
			s, c := start(t)
			id := submit(t, c)
			s.Place(id)
			s.Write(t, id, output.Stdout, []byte("first"))
			r, err := c.Output(t.Context(), id, client.Stdout, client.OutputOptions{Follow: true})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if _, err := io.ReadFull(r, make([]byte, 5)); err != nil || client.Again(r) {
				t.Fatalf("%v, again=%v", err, client.Again(r))
			}
			if breaks {
				s.Kill()
			}
			s.Service.Update(id, func(j *glovebox.Job) { j.Status = glovebox.StatusPending })
			if breaks {
				s.Place(id)
				if _, err := s.Logs.Append(t.Context(), id, 2, output.Stdout, 0, []byte("second attempt")); err != nil {
					t.Fatal(err)
				}
				s.Up(t)
			}
			if rest, err := io.ReadAll(r); err != nil || len(rest) > 0 || !client.Again(r) {
				t.Errorf("%q, %v, again=%v", rest, err, client.Again(r))
			}
		})
	}
}
