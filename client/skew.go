package client

import (
	"net/http"
	"sync/atomic"
	"time"
)

const (
	// correctable is how far the clocks may be apart before proofs are made by
	// the server's: less than what servers refuse, more than what a Date header,
	// which has whole seconds, cannot tell.
	correctable = 3 * time.Second

	// remarkable is how far they are apart when people should know.
	remarkable = 30 * time.Second
)

// skew is how far the server's clock is ahead of ours, as its answers say.
type skew struct {
	ahead atomic.Int64 // nanoseconds
}

// seen looks at the date of an answer. One that a cache held back is none of
// ours: answers are never cached.
func (s *skew) seen(h http.Header, now time.Time) {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	ahead := date.Sub(now)
	if ahead.Abs() < correctable {
		ahead = 0
	}
	s.ahead.Store(int64(ahead))
}

// correct is a time of our clock by the server's.
func (s *skew) correct(now time.Time) time.Time { return now.Add(s.now()) }

func (s *skew) now() time.Duration { return time.Duration(s.ahead.Load()) }

// remark says what people should do about a clock that is far off, or nothing.
func (s *skew) remark() string {
	ahead := s.now()
	if ahead.Abs() <= remarkable {
		return ""
	}
	if ahead > 0 {
		return "this machine's clock is " + ahead.Round(time.Second).String() + " behind the server's: set it"
	}
	return "this machine's clock is " + ahead.Abs().Round(time.Second).String() + " ahead of the server's: set it"
}
