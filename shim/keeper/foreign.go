package keeper

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"glovebox/shim/cgroup"
)

const (
	// stopGrace is the time from SIGTERM to SIGKILL at a deadline.
	stopGrace = 5 * time.Second
	// pollEvery is how often it is looked whether a group is empty, or a FIFO
	// has no name any more.
	pollEvery = 20 * time.Millisecond
	lookEvery = time.Second
	// timedOut is what is noted of a sandbox that is ended at its deadline.
	timedOut = "timeout"
)

// Foreign is a running sandbox of another shim, one that outlives its parent by
// itself but keeps no deadline, and whose output is lost when it ends and
// nobody has it open.
type Foreign struct {
	ID       string    `json:"id"`
	Group    string    `json:"group"` // control group with all of its processes, such as /glovebox/node/sandbox
	Deadline time.Time `json:"deadline"`
	Note     string    `json:"note"`   // file that gets the word "timeout" before the sandbox is ended for it
	Output   []string  `json:"output"` // FIFOs that are held open until they have no name any more
}

// guard looks after one foreign sandbox.
type guard struct {
	Foreign
	group *cgroup.Group
	log   *slog.Logger
	held  []*os.File

	mu     sync.Mutex
	timer  *time.Timer // while nobody attends
	passed bool        // it is being ended for its deadline
}

// guardOver begins to hold the output; deadlines are kept from keep on.
func guardOver(f Foreign, log *slog.Logger) (*guard, error) {
	group, err := cgroup.Open(f.Group)
	if err != nil {
		return nil, err
	}
	if f.Deadline.IsZero() || !filepath.IsAbs(f.Note) {
		return nil, errors.New("no deadline, or no place to note it")
	}
	g := &guard{Foreign: f, group: group, log: log.With("sandbox", f.ID)}
	for _, path := range f.Output {
		// The reading end alone keeps what is in the pipe, and keeps nobody
		// from seeing the end of it.
		file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
		if err != nil {
			g.drop()
			return nil, err
		}
		g.held = append(g.held, file)
		if info, err := file.Stat(); err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
			g.drop()
			return nil, fmt.Errorf("%s is not a FIFO", path)
		}
	}
	return g, nil
}

func (g *guard) drop() {
	for _, f := range g.held {
		f.Close()
	}
}

// unused waits until the output has been taken and removed, and lets go of it.
func (g *guard) unused() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for range tick.C {
		g.held = slices.DeleteFunc(g.held, func(f *os.File) bool {
			var st unix.Stat_t
			err := unix.Fstat(int(f.Fd()), &st)
			if err == nil && st.Nlink > 0 {
				return false
			}
			f.Close()
			return true
		})
		if len(g.held) == 0 {
			return
		}
	}
}

// keep ends the sandbox at its deadline, at once if that is over.
func (g *guard) keep() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer = time.AfterFunc(time.Until(g.Deadline), g.end)
}

// leave leaves the deadline to somebody else. What was begun is gone on with.
func (g *guard) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.passed && g.timer != nil {
		g.timer.Stop()
		g.timer = nil
	}
}

func (g *guard) end() {
	g.mu.Lock()
	pids, err := g.group.Procs()
	late := g.timer == nil || err == nil && len(pids) == 0 // it has ended by itself
	g.passed = !late
	g.mu.Unlock()
	if late {
		return
	}
	// Noted before, so that a sandbox that was ended is never taken for one
	// that has ended by itself.
	if err := note(g.Note); err != nil {
		g.log.Error("noting that a sandbox's time is over failed", "error", err)
	}
	g.log.Info("the time is over; ending a sandbox of another shim", "grace", stopGrace)
	g.signal(unix.SIGTERM, isInit)
	if !g.empty(stopGrace) {
		g.kill()
	}
}

// kill ends every process, whatever it is at.
func (g *guard) kill() {
	for range 10 {
		g.signal(unix.SIGKILL, func(int) bool { return true })
		if g.empty(stopGrace / 10) {
			return
		}
	}
	g.log.Error("a sandbox of another shim does not end")
}

// empty waits until no process is left.
func (g *guard) empty(limit time.Duration) bool {
	for end := time.Now().Add(limit); ; time.Sleep(pollEvery) {
		if pids, err := g.group.Procs(); err == nil && len(pids) == 0 {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// signal reaches those of the group's processes that which names. A number is
// believed only if it is still in the group when its process is held.
func (g *guard) signal(sig unix.Signal, which func(pid int) bool) {
	pids, _ := g.group.Procs()
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if err != nil {
			continue // it has ended
		}
		if still, err := g.group.Procs(); err == nil && slices.Contains(still, pid) && which(pid) {
			_ = unix.PidfdSendSignal(fd, sig, nil, 0)
		}
		unix.Close(fd)
	}
}

// note writes the word, unless a limit was noted before.
func note(path string) error {
	tmp := path + ".keeper"
	if err := os.WriteFile(tmp, []byte(timedOut), 0o600); err != nil {
		return err
	}
	defer os.Remove(tmp)
	if err := os.Link(tmp, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
