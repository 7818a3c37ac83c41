package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"glovebox"
	"glovebox/api"
	"glovebox/client"
	"glovebox/internal/instance"
	"glovebox/secret"
	"glovebox/store/sqlite"
)

// heard is all that was written down outside of the data folder: logs, and the
// bodies of answers.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

// count is how often a text is in what was heard and in files, in any of the
// forms that it could have got there in.
func (h *heard) count(t *testing.T, dir, text string) (n int) {
	t.Helper()
	forms := [][]byte{[]byte(text), []byte(base64.StdEncoding.EncodeToString([]byte(text))), []byte(hex.EncodeToString([]byte(text)))}
	look := func(b []byte) {
		for _, form := range forms {
			n += bytes.Count(b, form)
		}
	}
	h.mu.Lock()
	look(h.text.Bytes())
	h.mu.Unlock()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		look(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestSecretIsNowhere: control with everything as it is in earnest, at its most
// talkative, is given a secret, jobs that use it and orders to open it for.
// Afterwards the value is in no file of its folder, the database included, in no
// line of its log and in no answer. The control is a value that was given as an
// environment variable, which the store has to keep.
func TestSecretIsNowhere(t *testing.T) {
	const canary, control = "canary-5f2a91c3-secret", "canary-0b77e21d-control"
	ctx, out := t.Context(), &heard{}
	l := instance.Layout{Dir: t.TempDir()}
	for _, dir := range []string{l.Control(), l.Tmp(), l.Run()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	p, err := assemble(ctx, l, controlFlags{operators: []int{os.Getuid()}, processFlags: processFlags{debug: true}, metrics: true}, log)
	if err != nil {
		t.Fatal(err)
	}
	running, stop := context.WithCancel(ctx)
	ran := make(chan error, 1)
	go func() { ran <- p.run(running, func() {}) }()
	listener, err := net.Listen("unix", l.API())
	if err != nil {
		t.Fatal(err)
	}
	server := api.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.api.ServeHTTP(&echoing{w, out}, r) }))
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	c := client.New(client.Options{Socket: l.API()})

	policy := glovebox.Policy{
		Egress:  []glovebox.EgressRule{{Domain: "api.example.com", Protocol: glovebox.EgressTLS, Port: 443}},
		Secrets: []glovebox.SecretUse{{Name: "KEY", File: true}, {Name: "KEY", Domain: "api.example.com", Header: "Authorization", Prefix: "Bearer "}},
	}
	if _, err := c.PutSecret(ctx, "KEY", client.SecretRequest{Value: []byte(canary)}, ""); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutSecret(ctx, "KEY", client.SecretRequest{Value: []byte(canary)}, ""); glovebox.KindOf(err) != glovebox.KindStale {
		t.Error(err)
	}
	if _, err := c.RotateSecrets(ctx); err != nil {
		t.Error(err)
	}
	// From a registry where nobody listens, so that it ends as soon as it is looked for.
	job, err := c.Submit(ctx, glovebox.Spec{
		Image: "127.0.0.1:1/none:1", Cmd: []string{"x"}, Env: map[string]string{"WRONG": control}, Policy: &policy,
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Wait(ctx, job.ID, client.Ended); err != nil {
		t.Error(err)
	}
	for _, look := range []func() error{
		func() error { _, err := c.Secrets(ctx); return err },
		func() error { _, _, err := c.Secret(ctx, "KEY"); return err },
		func() error { _, _, err := c.AuditPage(ctx, client.AuditFilter{}); return err },
		func() error { _, err := c.Job(ctx, job.ID); return err },
	} {
		if err := look(); err != nil {
			t.Error(err)
		}
	}
	c.Close()
	stop()
	<-ran
	server.Close()
	<-served
	p.close()

	// What an order of the job has in it, written down in every way that one
	// might think of.
	keys, err := secret.OpenKeys(l.SecretKeys())
	if err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(ctx, l.Store())
	if err != nil {
		t.Fatal(err)
	}
	a, err := jobAccess{secret.Open(db, keys, nil)}.Access(ctx, glovebox.Job{ID: "j", Tenant: glovebox.LocalTenant, Spec: glovebox.Spec{Policy: &policy}})
	if err != nil || len(a.Files) != 1 || len(a.Headers) != 1 || string(a.Headers[0].Value.Reveal()) != "Bearer "+canary {
		t.Fatalf("%v, %v", a, err)
	}
	log.Info("order", "access", a, "files", a.Files)
	text, _ := json.Marshal(a)
	fmt.Fprintf(out, "%s\n%v %+v %#v %v\n", text, a, a, a, a.Files)
	used, err := db.AuditEvents(ctx, glovebox.AuditFilter{Tenant: glovebox.LocalTenant, Action: "secret.use", Target: "KEY"})
	if err != nil || len(used) != 2 {
		t.Errorf("%d uses are in the audit log, %v", len(used), err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	if n := out.count(t, l.Dir, canary); n != 0 {
		t.Errorf("the value is there %d times", n)
	}
	if n := out.count(t, l.Dir, control); n == 0 {
		t.Error("the search finds nothing where there is something")
	}
}

// echoing hears what is answered.
type echoing struct {
	http.ResponseWriter
	out *heard
}

// Write implements io.Writer.
func (e *echoing) Write(p []byte) (int, error) {
	_, _ = e.out.Write(p)
	return e.ResponseWriter.Write(p)
}

// Unwrap lets http.ResponseController through.
func (e *echoing) Unwrap() http.ResponseWriter { return e.ResponseWriter }
