package fake

import (
	"strconv"
	"strings"
	"time"

	"glovebox"
)

// box is a sandbox that exists on the node.
type box struct {
	p        *Provider
	r        glovebox.Resource
	script   []string
	ordered  bool // by the control process of now
	stopped  bool // ordered to stop
	removing bool

	started time.Time
	exit    *glovebox.NodeExit
}

// after calls f with p.mu held once d has passed, if the sandbox still exists,
// and sends the report that f returns. p.mu is held.
func (b *box) after(d time.Duration, f func() *glovebox.Report) {
	time.AfterFunc(d, func() {
		b.p.mu.Lock()
		var r *glovebox.Report
		if b.p.boxes[b.r.Name] == b {
			r = f()
		}
		b.p.mu.Unlock()
		if r != nil {
			b.p.send(*r)
		}
	})
}

// start begins the script.
func (b *box) start() *glovebox.Report {
	if b.exit != nil || b.removing {
		return nil
	}
	verb, args := b.verb()
	if verb == "fault" {
		return b.end(nil, glovebox.Errorf(glovebox.Kind(args[0]), "the script says so"), 0)
	}
	if verb == "until" && b.early(args[0]) {
		return b.end(nil, glovebox.Errorf(glovebox.Kind(args[1]), "the script says so"), 0)
	}
	b.p.starts[b.r.Name]++
	b.started = time.Now()
	switch verb {
	case "echo":
		b.after(0, func() *glovebox.Report { return b.echo(strings.Join(args, " ") + "\n") })
	case "until":
		b.after(0, func() *glovebox.Report { return b.end(&glovebox.Result{}, nil, 0) })
	case "lost":
		b.after(time.Millisecond, func() *glovebox.Report { return b.lost(args[0]) })
	case "sleep":
		d, _ := time.ParseDuration(args[0])
		b.after(d, func() *glovebox.Report { return b.end(&glovebox.Result{}, nil, 0) })
	case "exit":
		code, _ := strconv.Atoi(args[0])
		b.after(0, func() *glovebox.Report { return b.end(&glovebox.Result{ExitCode: code}, nil, 0) })
	}
	return b.startReport()
}

// early says whether this is an attempt before the one of that number.
func (b *box) early(number string) bool {
	n, _ := strconv.Atoi(number)
	return b.r.Attempt < n
}

func (b *box) lost(until string) *glovebox.Report {
	r := b.echo("attempt " + strconv.Itoa(b.r.Attempt) + "\n")
	if r != nil && b.early(until) {
		b.exit.Result, b.exit.Fault = nil, glovebox.Errorf(glovebox.KindNodeLost, "the script says so")
	}
	return r
}

func (b *box) verb() (string, []string) {
	if len(b.script) == 0 {
		return "", nil
	}
	return b.script[0], b.script[1:]
}

func (b *box) echo(text string) *glovebox.Report {
	if ship := b.p.Ship; ship != nil && b.exit == nil {
		ship(b.r.Job, b.r.Attempt, []byte(text))
	}
	return b.end(&glovebox.Result{}, nil, int64(len(text)))
}

// stop ends the script as SIGTERM would.
func (b *box) stop() *glovebox.Report {
	if b.started.IsZero() {
		return b.end(nil, glovebox.Errorf(glovebox.KindCancelled, "stopped before its start"), 0)
	}
	return b.end(&glovebox.Result{ExitCode: 143, Signal: 15}, nil, 0)
}

func (b *box) end(result *glovebox.Result, fault *glovebox.Error, stdout int64) *glovebox.Report {
	if b.exit != nil || b.silent() {
		return nil
	}
	if result != nil {
		result.Duration = glovebox.Duration(time.Since(b.started))
	}
	b.exit = &glovebox.NodeExit{Result: result, Fault: fault, Stdout: stdout}
	return &glovebox.Report{Job: b.r.Job, Attempt: b.r.Attempt, Exit: b.exit, Host: b.p.Host}
}

func (b *box) remove() *glovebox.Report {
	b.p.bury(b.r.Name)
	gone := b.r
	gone.State = glovebox.ResourceGone
	return &glovebox.Report{Job: b.r.Job, Attempt: b.r.Attempt, Resource: &gone}
}

func (b *box) startReport() *glovebox.Report {
	if b.started.IsZero() || b.silent() {
		return nil
	}
	return &glovebox.Report{Job: b.r.Job, Attempt: b.r.Attempt, Started: b.started, Host: b.p.Host}
}

func (b *box) silent() bool { return len(b.script) > 0 && b.script[0] == "silent" }
