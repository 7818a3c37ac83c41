package apitest

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"glovebox"
	"glovebox/api"
	"glovebox/blob/memory"
	"glovebox/output"
)

// Server is an API at a unix socket, which lets in the user of the test.
type Server struct {
	Service *Service
	Images  *Images
	Files   *Files
	Logs    *output.Logs
	Socket  string
	Handler http.Handler
	server  *http.Server
	served  chan struct{} // closed when the listener is
}

// Start serves until the test ends. change may alter the configuration.
func Start(t testing.TB, change ...func(*api.Config)) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "gb") // t.TempDir can be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &Server{
		Service: NewService(), Images: &Images{}, Files: &Files{}, Logs: output.New(memory.New()), Socket: filepath.Join(dir, "s"),
	}
	config := api.Config{
		Service: s.Service, Images: s.Images, Files: s.Files, Logs: s.Logs, Auth: api.PeerUsers(os.Getuid()), Version: "0.0-test",
		Log: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&config)
	}
	s.Handler = api.NewHandler(config)
	s.Up(t)
	t.Cleanup(func() { s.Kill() })
	return s
}

// Up starts listening, at first or after Kill or Stop.
func (s *Server) Up(t testing.TB) {
	t.Helper()
	l, err := net.Listen("unix", s.Socket)
	if err != nil {
		t.Fatal(err)
	}
	server, served := api.NewServer(s.Handler), make(chan struct{})
	s.server, s.served = server, served
	go func() {
		defer close(served)
		_ = server.Serve(l) // always http.ErrServerClosed
	}()
}

// Kill breaks every connection off, as the death of control does.
func (s *Server) Kill() {
	s.server.Close()
	<-s.served
}

// Stop shuts down as control does when asked to.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := s.server.Shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	<-s.served
}

// Place gives a job its first attempt and lets it run.
func (s *Server) Place(id string) glovebox.Job {
	return s.Service.Update(id, func(j *glovebox.Job) {
		j.Attempt++
		j.Status, j.Node = glovebox.StatusRunning, "n1"
		j.PlacedAt, j.StartedAt = time.Now().UTC(), time.Now().UTC()
	})
}

// Write appends to a job's stdout or stderr.
func (s *Server) Write(t testing.TB, id string, stream output.Stream, p []byte) {
	t.Helper()
	ctx := context.Background()
	sizes, err := s.Logs.Sizes(ctx, id, 1)
	if err != nil {
		t.Fatal(err)
	}
	at := sizes.Stdout.Bytes
	if stream == output.Stderr {
		at = sizes.Stderr.Bytes
	}
	if _, err := s.Logs.Append(ctx, id, 1, stream, at, p); err != nil {
		t.Fatal(err)
	}
}

// Finish lets a job's command end: the result is known, then the output is
// sealed.
func (s *Server) Finish(t testing.TB, id string, exit int) glovebox.Job {
	t.Helper()
	s.Service.Update(id, func(j *glovebox.Job) {
		j.Status, j.Outcome = glovebox.StatusCompleted, glovebox.StatusCompleted
		j.EndedAt = time.Now().UTC()
		j.Result = &glovebox.Result{ExitCode: exit, Duration: glovebox.Duration(time.Second)}
	})
	ctx := context.Background()
	if err := s.Logs.Seal(ctx, id, 1); err != nil {
		t.Fatal(err)
	}
	sizes, err := s.Logs.Sizes(ctx, id, 1)
	if err != nil {
		t.Fatal(err)
	}
	return s.Service.Update(id, func(j *glovebox.Job) {
		j.Output = glovebox.Output{Stdout: sizes.Stdout.Bytes, Stderr: sizes.Stderr.Bytes, Sealed: true}
	})
}

// Archive says that nothing of the job is left.
func (s *Server) Archive(id string) glovebox.Job {
	return s.Service.Update(id, func(j *glovebox.Job) {
		j.Status, j.ArchivedAt = glovebox.StatusArchived, time.Now().UTC()
	})
}
