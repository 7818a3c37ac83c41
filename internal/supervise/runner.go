package supervise

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"syscall"
	"time"

	"glovebox"
)

// maxEarly is how often a child may end before it was ready for the first time.
const maxEarly = 3

// runner keeps one child alive.
type runner struct {
	child   Child
	config  Config
	reaper  *reaper
	spawner *spawner
	pipe    *pipe

	first chan error    // gets one value: ready, or given up
	stop  chan struct{} // closed by end and leave
	leave bool          // at the stop, the process is left alone
	hurry context.Context
	done  chan struct{}
	pid   int // of the last run
}

// end stops the child and returns when it is gone. When ctx ends it is killed.
func (r *runner) end(ctx context.Context) {
	r.hurry = ctx
	close(r.stop)
	<-r.done
}

// release stops looking after the child and returns the pid of its process.
func (r *runner) release() int {
	r.leave = true
	close(r.stop)
	<-r.done
	return r.pid
}

func (r *runner) run() {
	defer close(r.done)
	defer r.pipe.close()
	delay, wasReady, early := r.config.FirstDelay, false, 0
	for {
		ready, healthy, why := r.once(func() {
			if !wasReady {
				wasReady = true
				r.first <- nil
			}
		})
		if r.stopping() {
			return
		}
		if !ready && !wasReady {
			if early++; early == maxEarly || why.fatal {
				r.first <- glovebox.Errorf(glovebox.KindUnavailable, "%s does not start: %s", r.child.Name, why.text).
					Try("its messages are above")
				return
			}
		}
		if healthy {
			delay = r.config.FirstDelay
		}
		r.config.Log.Warn("process ended; it is started again", "name", r.child.Name, "how", why.text, "in", delay)
		select {
		case <-time.After(delay):
		case <-r.stop:
			return
		}
		delay = min(2*delay, r.config.MaxDelay)
	}
}

func (r *runner) stopping() bool {
	select {
	case <-r.stop:
		return true
	default:
		return false
	}
}

// ending says how one run ended.
type ending struct {
	text  string
	fatal bool // trying again is useless
}

// once runs the child to its end. healthy means that it ran long enough.
func (r *runner) once(onReady func()) (ready, healthy bool, why ending) {
	began := time.Now()
	p, notify, err := r.begin()
	if err != nil {
		return false, false, ending{text: err.Error(), fatal: true}
	}
	if notify != nil {
		defer notify.Close()
	}
	r.pid = p.pid
	ctx, cancel := context.WithTimeout(context.Background(), r.config.StartLimit)
	if deadline, ok := ctx.Deadline(); ok && notify != nil {
		_ = notify.SetReadDeadline(deadline)
	}
	probed := make(chan error, 1)
	go func() { probed <- r.probe(ctx, notify) }()
	defer func() {
		cancel()
		if notify != nil {
			_ = notify.SetReadDeadline(time.Now())
		}
		if probed != nil {
			<-probed
		}
	}()
	for {
		select {
		case err := <-probed:
			probed = nil
			if err != nil {
				p.signal(syscall.SIGKILL, true)
				<-p.end
				return false, false, ending{fmt.Sprintf("not ready after %s: %v", r.config.StartLimit, err), true}
			}
			ready = true
			onReady()
		case how := <-p.end:
			return ready, ready && time.Since(began) >= r.config.Healthy, ending{text: how}
		case <-r.stop:
			if !r.leave {
				r.terminate(p)
			}
			return ready, false, ending{}
		}
	}
}

// files are those of the child, plus one to say that it is ready if it is to.
func (r *runner) files() (map[string]*os.File, *os.File, error) {
	if r.child.Ready != nil {
		return r.child.Files, nil, nil
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	files := map[string]*os.File{readyName: write}
	maps.Copy(files, r.child.Files)
	return files, read, nil
}

// probe returns nil when the child is ready, an error when ctx ends.
func (r *runner) probe(ctx context.Context, notify *os.File) error {
	if notify != nil {
		if _, err := notify.Read(make([]byte, 8)); err != io.EOF {
			return err
		}
		// It closed the pipe without a word; most likely it is ending.
		<-ctx.Done()
		return ctx.Err()
	}
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		one, cancel := context.WithTimeout(ctx, time.Second)
		err := r.child.Ready(one)
		cancel()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// terminate asks, waits and kills.
func (r *runner) terminate(p *process) {
	p.signal(syscall.SIGTERM, false)
	grace := time.NewTimer(r.child.Grace)
	defer grace.Stop()
	select {
	case <-p.end:
		return
	case <-grace.C:
		r.config.Log.Warn("process does not end; it is killed", "name", r.child.Name, "after", r.child.Grace)
	case <-r.hurry.Done():
	}
	p.signal(syscall.SIGKILL, true)
	<-p.end
}
