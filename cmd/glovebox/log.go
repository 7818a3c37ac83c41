package main

import (
	"io"
	"log/slog"

	"glovebox/internal/redact"
	"glovebox/internal/supervise"
)

// newLog makes the log of one process. What `up` writes itself carries its own
// name; what the others write is named by `up`, which passes it on.
func newLog(w io.Writer, format string, debug bool, process string) *slog.Logger {
	o := &slog.HandlerOptions{Level: slog.LevelInfo}
	if debug {
		o.Level = slog.LevelDebug
	}
	if format == supervise.FormatJSON {
		l := slog.New(redact.Handler(slog.NewJSONHandler(w, o)))
		if process != "" {
			l = l.With("process", process)
		}
		return l
	}
	if process != "" {
		w = prefixed{w, process + " | "}
	}
	return slog.New(redact.Handler(slog.NewTextHandler(w, o)))
}

// prefixed puts a name before each record; a handler writes one at a time.
type prefixed struct {
	w      io.Writer
	prefix string
}

func (p prefixed) Write(b []byte) (int, error) {
	if _, err := p.w.Write(append([]byte(p.prefix), b...)); err != nil {
		return 0, err
	}
	return len(b), nil
}
