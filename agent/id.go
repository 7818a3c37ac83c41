package agent

import (
	"math"
	"strconv"
	"strings"

	"glovebox"
)

const (
	idLength  = 20 // of what glovebox.NewID appends to a prefix
	maxPrefix = 16
)

// validJob says whether job has the form of an id of glovebox.NewID under some
// short prefix of letters, '-' and '_'. Nothing else becomes part of a path.
func validJob(job string) bool {
	n := len(job) - idLength
	if n < 0 || n > maxPrefix {
		return false
	}
	prefix := job[:n]
	for i, c := range prefix {
		letter := c >= 'a' && c <= 'z'
		if !letter && (i == 0 || c != '-' && c != '_') {
			return false
		}
	}
	return glovebox.ValidID(prefix, job)
}

// sandboxID names an attempt's sandbox; false if it cannot be a name.
func sandboxID(job string, attempt int32) (string, bool) {
	if attempt < 1 || !validJob(job) {
		return "", false
	}
	return glovebox.SandboxID(job, int(attempt)), true
}

// parseID is the inverse of sandboxID.
func parseID(id string) (job string, attempt int32, ok bool) {
	i := strings.LastIndexByte(id, '-')
	if i < 0 {
		return "", 0, false
	}
	n, err := strconv.ParseInt(id[i+1:], 10, 64)
	if err != nil || n < 1 || n > math.MaxInt32 {
		return "", 0, false
	}
	again, ok := sandboxID(id[:i], int32(n))
	return id[:i], int32(n), ok && again == id // "+1" and "01" are not names
}
