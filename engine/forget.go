package engine

import (
	"time"

	"glovebox"
)

// ForgetNow says whether an archived job is to be removed, with its output and
// whatever else is kept of it.
func ForgetNow(j glovebox.Job, now time.Time) bool {
	return j.Status == glovebox.StatusArchived && !j.Due.IsZero() && !j.Due.After(now)
}

// retention is how long a job is kept; those of before there was a retention
// have the usual one.
func retention(j *glovebox.Job) time.Duration {
	if j.Retention == 0 {
		return glovebox.DefaultRetention
	}
	return time.Duration(j.Retention)
}
