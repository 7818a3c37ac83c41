package supervise

import (
	"fmt"
	"os"
	"syscall"
)

// process is one run of a child, whoever has started it.
type process struct {
	pid    int
	end    <-chan string // gets one value: how it ended
	signal func(sig syscall.Signal, group bool)
}

// begin adopts or starts a process. What is returned besides tells that it is
// ready, unless the child is probed for that.
func (r *runner) begin() (*process, *os.File, error) {
	if r.child.Adopt != nil && r.pid == 0 {
		p, err := r.adopt()
		if p != nil || err != nil {
			return p, nil, err
		}
	}
	files, notify, err := r.files()
	if err != nil {
		return nil, nil, err
	}
	pid, ended, err := r.reaper.start(func() (int, error) { return r.spawner.start(r.child, files, r.pipe.w) })
	if notify != nil {
		files[readyName].Close() // or its end would never be seen
	}
	if err != nil {
		if notify != nil {
			notify.Close()
		}
		return nil, nil, err
	}
	end := make(chan string, 1)
	go func() { end <- describe(<-ended) }()
	return &process{pid: pid, end: end, signal: func(sig syscall.Signal, group bool) { r.reaper.signal(pid, sig, group) }}, notify, nil
}

func describe(s syscall.WaitStatus) string {
	if s.Signaled() {
		return "signal: " + s.Signal().String()
	}
	return fmt.Sprintf("exit code %d", s.ExitStatus())
}
