package local

import (
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
)

// TestNoAnswerBeforeOpen: until every job has been named, an answer would
// destroy the sandboxes of those that were not.
func TestNoAnswerBeforeOpen(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.node("n1")
		call := n.begin()
		time.Sleep(time.Hour)
		c.order("j1", "n1")
		if !call.held() {
			t.Fatalf("answered before everything is known: %v, %v", call.resp, call.err)
		}
		if len(c.sink.seen()) != 0 {
			t.Error("the node was told of before")
		}
		c.open()
		<-call.ended
		if len(call.resp.GetWant()) != 1 {
			t.Errorf("answer %v, %v", call.resp, call.err)
		}
		seen := c.sink.seen()
		if len(seen) != 1 || seen[0].Name != "n1" || seen[0].Capacity.Sandboxes != 10 || seen[0].Runtimes[0] != "gvisor" {
			t.Errorf("seen: %+v", seen)
		}
	})
}

// TestLongPoll: the first call is answered at once, the next one when there is
// an order or the time is up.
func TestLongPoll(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		if want := n.sync(); len(want) != 0 {
			t.Fatalf("ordered: %v", want)
		}
		call := n.begin()
		time.Sleep(5 * time.Second)
		if !call.held() {
			t.Fatal("answered without news")
		}
		c.order("j0", "n2")
		if !call.held() {
			t.Error("woken by another node's order")
		}
		job, r := c.order("j1", "n1")
		<-call.ended
		if call.took != 5*time.Second || len(call.resp.GetWant()) != 1 {
			t.Errorf("after %s: %v", call.took, call.resp)
		}
		n.known = call.resp.GetRevision()
		call = n.begin()
		<-call.ended
		if call.took != 20*time.Second || call.resp.GetRevision() != n.known || len(call.resp.GetWant()) != 1 {
			t.Errorf("without news after %s: %v", call.took, call.resp)
		}
		call = n.begin()
		c.make(job, r)
		if !call.held() {
			t.Error("woken by making what was made")
		}
		job.Cancel = &glovebox.Cancel{By: "me"}
		c.make(job, r)
		<-call.ended
		if !call.resp.GetWant()[0].GetStop() {
			t.Errorf("not told to stop: %v", call.resp)
		}
	})
}

// TestKnownRevision: a revision of another control process means nothing, even
// if it counts alike.
func TestKnownRevision(t *testing.T) {
	inBubble(t, func(before *control) {
		n := before.open().node("n1")
		before.order("j1", "n1")
		n.sync()
		after := newControl(before.t).open()
		after.order("j2", "n1")
		m := after.node("n1")
		m.known, m.sequence = n.known, n.sequence
		call := m.begin()
		if call.held() || call.err != nil || call.resp.GetWant()[0].GetJob() != "j2" {
			t.Errorf("held: %v; answer %v, %v", call.held(), call.resp, call.err)
		}
		call.abandon()
		<-call.ended
	})
}

// TestWork: an order carries everything that the job says.
func TestWork(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		job, r := placed("j1", "n1")
		job.Spec = glovebox.Spec{Runtime: "gvisor", Timeout: glovebox.Duration(time.Minute), StdinStream: true,
			Limits: glovebox.Limits{Memory: 1, CPUs: 2, Pids: 3, Disk: 4, Inodes: 5, Files: 6, Output: 7}}
		job.Command = glovebox.Command{Args: []string{"a", "b"}, Env: []string{"A=b"}, Workdir: "/w", User: "u"}
		c.make(job, r)
		o := n.sync()[0]
		w := o.GetWork()
		if o.GetJob() != "j1" || o.GetAttempt() != 1 || o.GetStop() || o.GetGrace().AsDuration() != glovebox.StopGrace {
			t.Errorf("%v", o)
		}
		if w.GetTenant() != "t" || w.GetRuntime() != "gvisor" || len(w.GetArgs()) != 2 || w.GetEnv()[0] != "A=b" || w.GetWorkdir() != "/w" ||
			w.GetUser() != "u" || w.GetTimeout().AsDuration() != time.Minute || !w.GetStdin() {
			t.Errorf("%v", w)
		}
		l := w.GetLimits()
		if l.GetMemory() != 1 || l.GetCpus() != 2 || l.GetPids() != 3 || l.GetDisk() != 4 || l.GetInodes() != 5 || l.GetFiles() != 6 || l.GetOutput() != 7 {
			t.Errorf("%v", l)
		}
		img := w.GetImage()
		if img.GetName() != "image" || img.GetDigest() != "sha256:one" || img.GetConfig().GetDigest() != "sha256:one-config" || img.GetLayers()[0].GetBlob().GetDigest() != "sha256:one-layer" {
			t.Errorf("%v", img)
		}
	})
}

// TestLateCalls: a call that was overtaken is refused, and so is one that is
// held when the next one comes.
func TestLateCalls(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		n.sync()
		old := n.request()
		old.Have = []*nodev1.Sandbox{exited("j1", 9)}
		held := n.begin()
		n.have = []*nodev1.Sandbox{running("j1")}
		next := n.begin()
		for range 2 {
			late := n.beginWith(old)
			<-late.ended
			if code(late.err) != connect.CodeAborted {
				t.Errorf("late call: %v", late.err)
			}
		}
		c.order("j2", "n1")
		<-held.ended
		<-next.ended
		if code(held.err) != connect.CodeAborted || len(next.resp.GetWant()) != 2 {
			t.Errorf("the one before: %v; the last: %v, %v", held.err, next.resp, next.err)
		}
		if said := c.sink.all(); len(said) != 1 || said[0].Exit != nil {
			t.Errorf("reported: %+v", said)
		}
	})
}

// TestCallOfAFormerRun: an agent that another has followed is not believed any
// more, however much later its call gets here.
func TestCallOfAFormerRun(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		n.sync()
		n.have = []*nodev1.Sandbox{running("j1")}
		n.sync()
		n.sequence += 10
		old := n.request()
		old.Have = []*nodev1.Sandbox{exited("j1", 9)}
		for _, run := range []string{"run2", "run3"} {
			n.run, n.sequence = run, 0
			n.sync()
			late := n.beginWith(old)
			<-late.ended
			if code(late.err) != connect.CodeAborted {
				t.Errorf("late call after %s: %v", run, late.err)
			}
		}
		if said := c.sink.all(); len(said) != 1 || said[0].Exit != nil {
			t.Errorf("reported: %+v", said)
		}
	})
}

// TestReportsOnlyNews: a node tells its whole list each time; what was told is
// not told again.
func TestReportsOnlyNews(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		n.sync()
		s := running("j1")
		steps := []struct {
			have    *nodev1.Sandbox
			reports int
		}{
			{&nodev1.Sandbox{Job: "j1", Attempt: 1, Phase: nodev1.Phase_PHASE_PREPARING}, 0},
			{s, 1},
			{s, 0},
			{&nodev1.Sandbox{Job: "j1", Attempt: 1, Phase: s.Phase, Started: s.Started, Stdout: 100}, 0},
			{exited("j1", 7), 1},
			{exited("j1", 7), 0},
			{s, 0}, // an older list
			{exited("j1", 7), 0},
		}
		for i, step := range steps {
			n.have, n.known = []*nodev1.Sandbox{step.have}, ""
			n.sync()
			if said := c.sink.take(); len(said) != step.reports {
				t.Errorf("step %d: reported %+v", i, said)
			}
		}
		n.restart("run2")
		n.have = []*nodev1.Sandbox{exited("j1", 7)}
		n.sync()
		if said := c.sink.take(); len(said) != 0 {
			t.Errorf("the new agent tells the same: %+v", said)
		}
	})
}

// TestNodeIsNotTrusted: what a node says ends up in a job, so only what a job
// can hold comes through.
func TestNodeIsNotTrusted(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		c.order("j1", "n1")
		c.order("j2", "n1")
		n.sync()
		s := running("j1")
		s.Started = nil
		n.have = []*nodev1.Sandbox{s, {Job: "j2", Attempt: 1, Phase: nodev1.Phase_PHASE_EXITED,
			Exit: &nodev1.Exit{Fault: &nodev1.Fault{Kind: "made up", Message: string(make([]byte, 1<<20))}}}}
		n.known = ""
		n.sync()
		for _, r := range c.sink.all() {
			switch {
			case r.Job == "j1" && !r.Started.Equal(time.Now()):
				t.Errorf("started at %s", r.Started)
			case r.Job == "j2" && (r.Exit.Fault.Kind != glovebox.KindInternal || len(r.Exit.Fault.Message) > maxFaultText || r.Exit.Result != nil):
				t.Errorf("fault of kind %q with %d bytes", r.Exit.Fault.Kind, len(r.Exit.Fault.Message))
			}
		}
	})
}
