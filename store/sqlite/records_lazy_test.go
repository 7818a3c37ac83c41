package sqlite

import (
	"testing"

	"glovebox"
)

// TestLazyCommit: only a commit of nothing but lazy writes is not synced.
func TestLazyCommit(t *testing.T) {
	lazy, durable := glovebox.Write{Lazy: true}, glovebox.Write{}
	for _, k := range []struct {
		writes []glovebox.Write
		events int
		want   glovebox.Durability
	}{
		{[]glovebox.Write{lazy, lazy}, 0, glovebox.Lazy},
		{[]glovebox.Write{lazy, durable}, 0, glovebox.Durable},
		{[]glovebox.Write{durable}, 0, glovebox.Durable},
		{[]glovebox.Write{lazy}, 1, glovebox.Durable},
		{nil, 1, glovebox.Durable},
	} {
		if got := durability(k.writes, make([]glovebox.AuditEvent, k.events)); got != k.want {
			t.Errorf("%v and %d events: %v", k.writes, k.events, got)
		}
	}
}
