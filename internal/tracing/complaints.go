package tracing

import (
	"log/slog"
	"sync"
	"time"
)

// complaints tells the log that spans cannot be sent, once in a while: it is
// tried every few seconds, and a collector may be away for hours. It is the
// OpenTelemetry SDK's error handler.
type complaints struct {
	log   *slog.Logger
	every time.Duration

	mu      sync.Mutex
	last    time.Time
	skipped int
}

func newComplaints(log *slog.Logger, every time.Duration) *complaints {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &complaints{log: log, every: every}
}

// Handle implements otel.ErrorHandler.
func (c *complaints) Handle(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.Sub(c.last) < c.every {
		c.skipped++
		return
	} else {
		c.last = now
	}
	c.log.Warn("traces", "error", err, "skipped", c.skipped)
	c.skipped = 0
}
