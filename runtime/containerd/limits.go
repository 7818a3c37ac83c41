package containerd

import (
	"context"
	"time"

	"glovebox"
)

// watchEvery is how often the limits are looked at that the kernel keeps but
// does not end a job for: it refuses a fork or a write, or kills one process.
const watchEvery = 250 * time.Millisecond

// limits ends a sandbox that has reached a limit.
type limits struct {
	r    *Runtime
	rec  record
	quit context.CancelFunc
	done chan struct{}
}

// keepLimits looks at the limits until stopped.
func (r *Runtime) keepLimits(ctx context.Context, rec record) *limits {
	ctx, quit := context.WithCancel(ctx)
	l := &limits{r: r, rec: rec, quit: quit, done: make(chan struct{})}
	go func() {
		defer close(l.done)
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				if kind := l.reached(); kind != "" {
					l.enforce(ctx, kind)
				}
			}
		}
	}()
	return l
}

func (l *limits) stop() {
	l.quit()
	<-l.done
}

// enforce notes the limit, which a later process must know, and ends all.
func (l *limits) enforce(ctx context.Context, kind glovebox.Kind) {
	_ = l.r.mark(l.rec.ID, limitFile, string(kind))
	if err := l.r.kill(ctx, l.rec, 9); err != nil {
		// The processes are in the control group, whatever containerd says.
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		_ = l.r.group(l.rec.Container).Kill(short)
	}
}

// final is the limit that ended the sandbox, or that it had reached when it
// ended by itself.
func (l *limits) final() glovebox.Kind {
	if word, _ := l.r.marked(l.rec.ID, limitFile); word != "" {
		return glovebox.Kind(word)
	}
	return l.reached()
}

// reached is the limit that was met, if any. For gVisor the shim ends the
// sandbox and reports; processes first, because a bomb may also fill memory
// before it is ended.
func (l *limits) reached() glovebox.Kind {
	c, _ := l.r.group(l.rec.Container).Counters()
	told, _ := l.r.report(l.rec)
	switch {
	case told.TimedOut:
		return glovebox.KindTimeout
	case c.PidsDenied > 0 || told.TasksDenied > 0:
		return glovebox.KindPids
	case c.OOMKills > 0 || told.OOMKills > 0:
		return glovebox.KindOutOfMemory
	case told.ScratchFull != "", l.rec.Runtime == glovebox.RuntimeRunc && full(l.r.dir(l.rec.ID, scratchDir)):
		return glovebox.KindDisk
	}
	return ""
}
