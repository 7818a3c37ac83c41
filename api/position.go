package api

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"glovebox"
)

// position is how far a caller has seen a job's events: the id of an event is
// the position after it. Given back as Last-Event-ID it resumes exactly.
type position struct {
	attempt        int
	version        int64
	stdout, stderr int64
}

func (p position) String() string {
	return fmt.Sprintf("%d-%d-%d-%d", p.attempt, p.version, p.stdout, p.stderr)
}

// positionOf reads Last-Event-ID; without one it is the beginning.
func positionOf(r *http.Request) (position, error) {
	given := r.Header.Get("Last-Event-ID")
	if given == "" {
		return position{}, nil
	}
	var n [4]int64
	parts := strings.Split(given, "-")
	ok := len(parts) == len(n)
	for i := 0; ok && i < len(n); i++ {
		v, err := strconv.ParseUint(parts[i], 10, 63)
		ok = err == nil && strconv.FormatUint(v, 10) == parts[i]
		n[i] = int64(v)
	}
	if !ok || n[0] > 1<<31 {
		return position{}, glovebox.Errorf(glovebox.KindInvalid, "not an event's id").On("Last-Event-ID").Try("give the id of the last event you have, or none")
	}
	return position{attempt: int(n[0]), version: n[1], stdout: n[2], stderr: n[3]}, nil
}
