package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"glovebox"
)

// benchCommits measures what identity does: a document and an event; and what
// the event adds to a job's creation.
func benchCommits(b *testing.B, open func(b *testing.B) glovebox.Store) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("commit/callers=%d", callers), func(b *testing.B) {
			s := open(b)
			var n atomic.Int64
			measure(b, callers, func() error {
				w := glovebox.Write{Kind: "session", Key: fmt.Sprintf("%016x", uint64(n.Add(1))*0x9e3779b97f4a7c15),
					Value: make([]byte, 400), Expires: time.Now().Add(time.Hour)}
				return s.Commit(context.Background(), []glovebox.Write{w}, typicalEvent(w.Key))
			})
			closeStore(b, s)
		})
	}
	b.Run("create with event/callers=64", func(b *testing.B) {
		s := open(b)
		measure(b, 64, func() error {
			job := typical()
			_, _, err := s.CreateJob(context.Background(), job, nil, typicalEvent(job.ID))
			return err
		})
		closeStore(b, s)
	})
}

func typicalEvent(target string) glovebox.AuditEvent {
	return glovebox.AuditEvent{Tenant: alice, At: time.Now(), Actor: "person-0123456789abcdefghjk", Action: "session.open",
		Target: target, OK: true, Detail: map[string]string{"address": "192.0.2.1", "client": "cli"}}
}
