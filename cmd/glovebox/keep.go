package main

import (
	"strconv"
	"strings"
	"time"

	"glovebox"
)

// keepFor is a flag for how long to keep something: a duration, days such as
// "30d", or "forever".
type keepFor time.Duration

// Set implements pflag.Value.
func (k *keepFor) Set(s string) error {
	if s == "forever" {
		*k = keepFor(glovebox.MaxRetention)
		return nil
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > int(glovebox.MaxRetention/(24*time.Hour)) {
			return glovebox.Errorf(glovebox.KindUsage, "%q is not a number of days up to %d", s, glovebox.MaxRetention/(24*time.Hour))
		}
		*k = keepFor(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return glovebox.Errorf(glovebox.KindUsage, "%q is no duration, such as 2h, 30d or forever", s)
	}
	*k = keepFor(d)
	return nil
}

// String implements pflag.Value; "" for none.
func (k keepFor) String() string {
	if k == 0 {
		return ""
	}
	return keptFor(time.Duration(k))
}

// Type implements pflag.Value.
func (k keepFor) Type() string { return "duration" }

// keptFor writes a time for people: whole days as days.
func keptFor(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= glovebox.MaxRetention:
		return "forever"
	case d >= day && d%day == 0:
		return strconv.Itoa(int(d/day)) + "d"
	}
	return d.String()
}
