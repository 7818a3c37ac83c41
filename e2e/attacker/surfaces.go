package main

import (
	"encoding/json"
	"errors"
	"os"
	"sort"

	"golang.org/x/sys/unix"
)

// surface is something of a kernel or a host that a job might get at. It is
// asked for in a way that changes nothing.
type surface struct {
	name string
	// power says that having it is a success, not just more to attack.
	power bool
	open  func() bool
}

// surfaces is family 4. It prints one line with the names of all that were
// looked for, of what is open, and of what is open and a power.
func surfaces(options) {
	var tried, open, powers []string
	for _, all := range [][]surface{powersOfProcess(), calls(), kinds(), things(), knobs()} {
		for _, s := range all {
			tried = append(tried, s.name)
			if !s.open() {
				continue
			}
			open = append(open, s.name)
			if s.power {
				powers = append(powers, s.name)
			}
		}
	}
	sort.Strings(open)
	sort.Strings(powers)
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"family": 4, "tried": tried, "open": open, "powers": powers})
}

// works says that a call was let through: it did what it does, or complained
// only about what it was given.
func works(err error, complaints ...error) bool {
	if err == nil || errors.Is(err, unix.Errno(0)) {
		return true
	}
	for _, c := range complaints {
		if errors.Is(err, c) {
			return true
		}
	}
	return false
}

// call is a system call by its number.
func call(number uintptr, args ...uintptr) error {
	var a [6]uintptr
	copy(a[:], args)
	if _, _, e := unix.Syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]); e != 0 {
		return e
	}
	return nil
}
