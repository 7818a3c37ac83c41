package glovebox_test

import (
	"testing"
	"time"

	"glovebox"
)

// TestSpecAttemptsAndRetention: what is out of range is refused with its field
// and what to do; what is left out has its default.
func TestSpecAttemptsAndRetention(t *testing.T) {
	for _, c := range []struct {
		attempts  int
		retention time.Duration
		field     string
	}{
		{0, 0, ""}, {1, time.Second, ""}, {glovebox.MaxAttempts, glovebox.MaxRetention, ""},
		{-1, 0, "attempts"}, {glovebox.MaxAttempts + 1, 0, "attempts"},
		{0, time.Millisecond, "retention"}, {0, -time.Hour, "retention"}, {0, glovebox.MaxRetention + 1, "retention"},
	} {
		s, err := glovebox.Spec{Image: "a", Attempts: c.attempts, Retention: glovebox.Duration(c.retention)}.Complete()
		if c.field == "" {
			if err != nil || s.Attempts != max(1, c.attempts) || time.Duration(s.Retention) != c.retention {
				t.Errorf("%+v: %d %s %v", c, s.Attempts, time.Duration(s.Retention), err)
			}
			continue
		}
		if e := glovebox.AsError(err); err == nil || e.Kind != glovebox.KindInvalid || e.Field != c.field || e.Hint == "" {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// TestTenantRetention: a tenant keeps jobs for an hour or more.
func TestTenantRetention(t *testing.T) {
	for kept, want := range map[time.Duration]time.Duration{
		0: glovebox.DefaultRetention, time.Hour: time.Hour, glovebox.MaxRetention: glovebox.MaxRetention,
		time.Minute: -1, -time.Hour: -1, glovebox.MaxRetention + 1: -1,
	} {
		tenant := glovebox.DefaultTenant("acme")
		tenant.Retention = glovebox.Duration(kept)
		got, err := tenant.Complete()
		if want < 0 {
			if e := glovebox.AsError(err); err == nil || e.Field != "retention" || e.Hint == "" {
				t.Errorf("%s: %v", kept, err)
			}
		} else if err != nil || time.Duration(got.Retention) != want {
			t.Errorf("%s: %s %v", kept, time.Duration(got.Retention), err)
		}
	}
}
