package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"glovebox"
)

// callback waits on this machine for the browser to bring a code. It answers
// one request, the right one, and refuses everything else: pages of any origin
// can send requests to it.
type callback struct {
	redirect string // exact URL
	state    string // that only who was shown the page knows
	host     string
	server   *http.Server
	arrived  chan arrival
}

// arrival is what the browser brought.
type arrival struct {
	code    string
	refused bool
}

func listenCallback() (*callback, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "listen for the browser: %w", err).Try("use --device")
	}
	b := &callback{state: rand.Text(), host: l.Addr().String(), arrived: make(chan arrival, 1)}
	b.redirect = "http://" + b.host + "/callback"
	b.server = &http.Server{
		Handler: b, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go func() { _ = b.server.Serve(l) }() // always http.ErrServerClosed
	return b, nil
}

// ServeHTTP implements http.Handler.
func (b *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the code is in our URL
	h.Set("X-Content-Type-Options", "nosniff")
	q := r.URL.Query()
	switch {
	case r.Method != http.MethodGet || r.URL.Path != "/callback" || r.Host != b.host:
		http.Error(w, "there is nothing here", http.StatusNotFound)
		return
	case len(q["state"]) != 1 || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(b.state)) != 1:
		http.Error(w, "this is not the login that was begun here", http.StatusBadRequest)
		return
	case len(q["code"]) != 1 && q.Get("error") == "":
		http.Error(w, "the code is missing", http.StatusBadRequest)
		return
	}
	select {
	case b.arrived <- arrival{code: q.Get("code"), refused: q.Get("error") != ""}:
	default:
		http.Error(w, "this login is over", http.StatusConflict)
		return
	}
	h.Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<!doctype html><title>Glovebox</title><p>You can close this window and go back to the terminal.</p>\n")
}

// wait returns the code once the browser has brought it.
func (b *callback) wait(ctx context.Context) (string, error) {
	select {
	case got := <-b.arrived:
		if got.refused {
			return "", glovebox.Errorf(glovebox.KindDenied, "the login was refused in the browser")
		}
		return got.code, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// close stops listening, after the page that was just sent has arrived.
func (b *callback) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if b.server.Shutdown(ctx) != nil {
		b.server.Close()
	}
}
