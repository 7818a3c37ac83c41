package redact_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/redact"
)

// What secrets look like; none is one.
const (
	jwt      = "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiJwZXJfMSJ9.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	session  = "ses_0123456789abcdefghjk_mnpqrstvwxyz01234567.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"
	link     = "lnk_0123456789abcdefghjk.AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE"
	recovery = "0h3k-9xz2-mnpq-rs7v"
)

// logged is what one call writes, as JSON and as text.
func logged(write func(*slog.Logger)) string {
	var b bytes.Buffer
	o := &slog.HandlerOptions{Level: slog.LevelDebug}
	for _, h := range []slog.Handler{slog.NewJSONHandler(&b, o), slog.NewTextHandler(&b, o)} {
		write(slog.New(redact.Handler(h)))
	}
	return b.String()
}

// TestReplaced: secrets do not pass, wherever they stand; what is around them
// does.
func TestReplaced(t *testing.T) {
	type job struct{ Env map[string]string }
	for name, write := range map[string]func(*slog.Logger){
		"key":             func(l *slog.Logger) { l.Info("x", "token", "hush") },
		"key in capitals": func(l *slog.Logger) { l.Info("x", "Authorization", "hush") },
		"end of a key":    func(l *slog.Logger) { l.Info("x", "session_token", "hush") },
		"key of bytes":    func(l *slog.Logger) { l.Info("x", "stdin", []byte("hush")) },
		"key of a list":   func(l *slog.Logger) { l.Info("x", "env", []string{"A=hush"}) },
		"key of a group":  func(l *slog.Logger) { l.Info("x", slog.Group("cookie", "value", "hush")) },
		"key in a group":  func(l *slog.Logger) { l.WithGroup("request").Info("x", slog.Group("in", "dpop", "hush")) },
		"key set before":  func(l *slog.Logger) { l.With("secret", "hush").Info("x") },
		"structure":       func(l *slog.Logger) { l.Info("x", "what", job{map[string]string{"A": "hush"}}) },
		"pointer":         func(l *slog.Logger) { l.Info("x", "what", &job{map[string]string{"A": "hush"}}) },
		"map":             func(l *slog.Logger) { l.Info("x", "what", map[string]string{"A": "hush"}) },
		"list":            func(l *slog.Logger) { l.Info("x", "what", []string{"hush"}) },
		"bytes":           func(l *slog.Logger) { l.Info("x", "what", []byte("hush")) },
		"value on demand": func(l *slog.Logger) { l.Info("x", "token", late("hush")) },
		"text on demand":  func(l *slog.Logger) { l.Info("x", "what", late("see "+jwt)) },
		"token":           func(l *slog.Logger) { l.Info("x", "what", "got "+jwt+" from") },
		"session":         func(l *slog.Logger) { l.Info("x", "what", session) },
		"link in a URL":   func(l *slog.Logger) { l.Info("x", "what", "https://box.example/enrol#"+link) },
		"recovery code":   func(l *slog.Logger) { l.Info("x", "what", "tried "+recovery) },
		"message":         func(l *slog.Logger) { l.Info("refused " + jwt) },
		"error":           func(l *slog.Logger) { l.Info("x", "error", fmt.Errorf("parse: %w", errors.New(session))) },
		"our error": func(l *slog.Logger) {
			l.Info("x", "error", glovebox.Errorf(glovebox.KindInvalid, "no such link: %s", link).On("link").Try("ask for another"))
		},
		"header": func(l *slog.Logger) { l.Info("x", "what", "Authorization: Bearer hush-hush-hush") },
		"proxy":  func(l *slog.Logger) { l.Info("x", "what", "dial http://me:hush@proxy.example:3128") },
	} {
		out := logged(write)
		for _, secret := range []string{"hush", jwt, session, link, recovery, "AbCdEfGhIjKl"} {
			if strings.Contains(out, secret) {
				t.Errorf("%s: %s is in\n%s", name, secret, out)
			}
		}
		if n := strings.Count(out, "\n"); n != 2 {
			t.Errorf("%s: %d lines:\n%s", name, n, out)
		}
		bare := new(bytes.Buffer)
		write(slog.New(slog.NewJSONHandler(bare, nil)))
		if n := strings.Count(bare.String(), "hush") + strings.Count(bare.String(), "AAAAAAAA") + strings.Count(bare.String(), "AbCdEf") + strings.Count(bare.String(), recovery); n == 0 && name != "key of bytes" && name != "bytes" {
			t.Errorf("%s: without the net nothing is there either: the case shows nothing:\n%s", name, bare)
		}
	}
}

type late string

func (s late) LogValue() slog.Value { return slog.StringValue(string(s)) }

// TestKept: what people need to read is written as it would be without the net.
func TestKept(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, write := range map[string]func(*slog.Logger){
		"numbers": func(l *slog.Logger) { l.Info("x", "code", 137, "key", true, "output", int64(7), "link", 1.5) },
		"times":   func(l *slog.Logger) { l.Info("x", "took", time.Second, "at", at) },
		"ids": func(l *slog.Logger) {
			l.Info("x", "job", "j0123456789abcdefghjk", "sandbox", "j0123456789abcdefghjk-1")
		},
		"route": func(l *slog.Logger) { l.Info("request", "route", "POST /v1/jobs", "status", 202) },
		"error": func(l *slog.Logger) { l.Warn("a job is tried again", "err", errors.New("disk is full")) },
		"our error": func(l *slog.Logger) {
			l.Warn("x", "error", glovebox.Errorf(glovebox.KindStale, "changed").On("version"))
		},
		"text":        func(l *slog.Logger) { l.Info("x", "address", netip.MustParseAddrPort("127.0.0.1:80")) },
		"nothing":     func(l *slog.Logger) { l.Info("x", "what", nil) },
		"uuid":        func(l *slog.Logger) { l.Info("x", "boot", "01234567-89ab-cdef-0123-456789abcdef") },
		"image":       func(l *slog.Logger) { l.Info("x", "image", "registry.example:5000/library/busybox:1.36.1") },
		"digest":      func(l *slog.Logger) { l.Info("x", "image", "sha256:"+strings.Repeat("ab", 32)) },
		"exit status": func(l *slog.Logger) { l.Info("x", "exit_code", "137") },
		"group":       func(l *slog.Logger) { l.WithGroup("g").With("a", 1).Info("x", slog.Group("h", "b", "c")) },
	} {
		var with, without bytes.Buffer
		write(slog.New(redact.Handler(slog.NewJSONHandler(&with, noTime))))
		write(slog.New(slog.NewJSONHandler(&without, noTime)))
		if with.String() != without.String() {
			t.Errorf("%s:\n%s, want\n%s", name, with.String(), without.String())
		}
	}
}

var noTime = &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey && len(groups) == 0 {
		return slog.Attr{}
	}
	return a
}}

// TestLevels: what next does not want does not cost anything.
func TestLevels(t *testing.T) {
	h := redact.Handler(slog.NewTextHandler(new(bytes.Buffer), nil))
	if h.Enabled(context.Background(), slog.LevelDebug) || !h.Enabled(context.Background(), slog.LevelInfo) {
		t.Error("the level is not next's")
	}
}

// FuzzText: no text breaks it, and what came out once stays as it is.
func FuzzText(f *testing.F) {
	for _, s := range []string{jwt, session, link, recovery, "", "://:@", "eyJ", "-----BEGIN PRIVATE KEY-----"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := redact.Text(s)
		if strings.Contains(once, jwt) || strings.Contains(once, link) {
			t.Errorf("%q has come through", once)
		}
	})
}

func BenchmarkHandler(b *testing.B) {
	for name, wrap := range map[string]func(slog.Handler) slog.Handler{
		"bare": func(h slog.Handler) slog.Handler { return h }, "redacting": redact.Handler,
	} {
		log := slog.New(wrap(slog.NewJSONHandler(discard{}, nil)))
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				log.LogAttrs(context.Background(), slog.LevelInfo, "request", slog.String("request", "r0123456789abcdefghjk"),
					slog.String("route", "GET /v1/jobs/{id}"), slog.String("caller", "uid:0"), slog.Int("status", 200),
					slog.Int64("bytes", 812), slog.Duration("took", time.Millisecond), slog.String("error", ""))
			}
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
