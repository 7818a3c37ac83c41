// Package doctor looks at a machine and says whether Glovebox can run there,
// and why not.
//
// A check is a function that looks at one thing and changes nothing. All are
// run, whatever the others found.
package doctor

import (
	"context"
	"fmt"
)

// Status is what a check found.
type Status string

// The statuses: as it should be, something will not work or not well, nothing
// will work.
const (
	OK   Status = "ok"
	Warn Status = "warn"
	Fail Status = "fail"
)

// Finding is the outcome of one check.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Found  string `json:"found"`
	Hint   string `json:"hint,omitempty"`
}

// Patient is what is examined.
type Patient struct {
	Data    string            // folder of the instance; may not exist yet
	Tools   string            // folder of the pinned programs
	Runc    string            // path of runc; "" if there is none
	Files   map[string]string // stand-ins for files of /proc and /sys, in tests
	Service func(context.Context) (string, error)
}

// Examine runs every check.
func Examine(ctx context.Context, p Patient) []Finding {
	var all []Finding
	for _, c := range []struct {
		name  string
		check func(context.Context, Patient) Finding
	}{
		{"kernel", kernel},
		{"privileges", privileges},
		{"cgroups", cgroups},
		{"namespaces", namespaces},
		{"overlayfs", overlay},
		{"data folder", folder},
		{"disk", disk},
		{"containerd", containerd},
		{"gvisor", gvisor},
		{"runc", runc},
		{"service", service},
		{"start-up", startup},
	} {
		f := c.check(ctx, p)
		f.Check = c.name
		all = append(all, f)
	}
	return all
}

// Worst is the worst status of all.
func Worst(all []Finding) Status {
	worst := OK
	for _, f := range all {
		if f.Status == Fail || f.Status == Warn && worst == OK {
			worst = f.Status
		}
	}
	return worst
}

func ok(format string, args ...any) Finding {
	return Finding{Status: OK, Found: fmt.Sprintf(format, args...)}
}

func warn(format string, args ...any) Finding {
	return Finding{Status: Warn, Found: fmt.Sprintf(format, args...)}
}

func fail(format string, args ...any) Finding {
	return Finding{Status: Fail, Found: fmt.Sprintf(format, args...)}
}

// try says what to do about it.
func (f Finding) try(format string, args ...any) Finding {
	f.Hint = fmt.Sprintf(format, args...)
	return f
}
