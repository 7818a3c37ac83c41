package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// clock is family 11: sets the clock to what it says already, so that nothing
// is harmed where that is possible.
func clock() []trial {
	add := func(name string, do func() error) trial {
		return trial{family: 11, name: name, do: func() (string, error) { return "it can be set", do() }}
	}
	return []trial{
		add("settimeofday", func() error {
			tv := unix.NsecToTimeval(time.Now().UnixNano())
			return unix.Settimeofday(&tv)
		}),
		add("clock_settime", func() error {
			ts := unix.NsecToTimespec(time.Now().UnixNano())
			return unix.ClockSettime(unix.CLOCK_REALTIME, &ts)
		}),
		add("adjtimex", func() error {
			now := unix.Timex{}
			if _, err := unix.Adjtimex(&now); err != nil {
				return err
			}
			_, err := unix.Adjtimex(&unix.Timex{Modes: unix.ADJ_TICK, Tick: now.Tick})
			return err
		}),
		add("clock_adjtime", func() error {
			_, err := unix.ClockAdjtime(unix.CLOCK_REALTIME, &unix.Timex{Modes: unix.ADJ_OFFSET})
			return err
		}),
	}
}
