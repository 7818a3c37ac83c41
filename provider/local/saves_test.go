package local

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
)

// asked is what a node is told of sandboxes to be saved, by one call.
func (n *testNode) asked(snapshots ...*nodev1.Snapshot) []*nodev1.Save {
	n.t.Helper()
	m := n.request()
	m.Snapshots = snapshots
	m.KnownRevision = "" // answered at once
	resp, err := n.Sync(context.Background(), connect.NewRequest(m))
	if err != nil {
		n.t.Fatal(err)
	}
	return resp.Msg.GetSaves()
}

// TestSave: the node of a running job is asked until it has answered and a
// template has the snapshot, and no other node.
func TestSave(t *testing.T) {
	inBubble(t, func(c *control) {
		n, other := c.open().node("n1"), c.node("n2")
		job, _ := c.order("j1", "n1")
		if _, err := c.Save(context.Background(), job, false); glovebox.KindOf(err) != glovebox.KindConflict {
			t.Errorf("a job that does not run yet: %v", err)
		}
		n.sync()
		n.have = []*nodev1.Sandbox{running("j1")}
		n.sync()
		got := make(chan glovebox.Snapshot, 1)
		go func() {
			s, err := c.Save(context.Background(), job, true)
			if err != nil {
				t.Error(err)
			}
			got <- s
		}()
		synctest.Wait()
		all := n.asked()
		if len(all) != 1 || all[0].GetJob() != "j1" || all[0].GetAttempt() != 1 || !all[0].GetEnd() || all[0].GetTenant() != "t" {
			t.Fatalf("asked for %v", all)
		}
		name := all[0].GetName()
		if all := other.asked(&nodev1.Snapshot{Name: name, Digest: "forged"}); len(all) > 0 {
			t.Errorf("another node was asked for %v", all)
		}
		n.asked(&nodev1.Snapshot{Name: name, Size: 7, Digest: "sha256:x"})
		s := <-got
		if s.Name != name || s.Bytes != 7 || s.Digest != "sha256:x" || s.Tenant != "t" || s.Image != "sha256:one" {
			t.Errorf("%+v", s)
		}
		if all := n.asked(); len(all) != 1 {
			t.Errorf("before a template has it: %v", all)
		}
		set := func(all ...glovebox.WarmTemplate) {
			if err := c.SetTemplates(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
		set()
		if all := n.asked(); len(all) != 1 {
			t.Errorf("before a template has it: %v", all)
		}
		set(glovebox.WarmTemplate{Name: "kept", Image: "x", Digest: "sha256:one", Tenant: "t", Snapshot: name, Saved: glovebox.Saved{Bytes: 7}})
		if all := n.asked(); len(all) != 0 {
			t.Errorf("with a template that has it: %v", all)
		}
		if w := c.templates.GetAll()[0]; w.GetSnapshot() != name || w.GetTenant() != "t" || w.GetSnapshotSize() != 7 {
			t.Errorf("told %v", w)
		}
		set()
		time.Sleep(2 * keptFor) // what still counts the time ends
	})
}

// TestSaveFails: a node's error is the caller's, and whoever gives up leaves no
// order.
func TestSaveFails(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		job, _ := c.order("j1", "n1")
		n.sync()
		n.have = []*nodev1.Sandbox{running("j1")}
		n.sync()
		failed := make(chan error, 1)
		go func() {
			_, err := c.Save(context.Background(), job, false)
			failed <- err
		}()
		synctest.Wait()
		n.asked(&nodev1.Snapshot{Name: n.asked()[0].GetName(), Fault: &nodev1.Fault{Kind: "too_large", Message: "no room"}})
		if err := <-failed; glovebox.KindOf(err) != glovebox.KindTooLarge {
			t.Errorf("%v", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, err := c.Save(ctx, job, false); glovebox.KindOf(err) != glovebox.KindUnavailable {
			t.Errorf("%v", err)
		}
		if all := n.asked(); len(all) != 0 {
			t.Errorf("still asked for %v", all)
		}
		job.Command.Snapshot, job.Spec.Template = "snap-1", "kept"
		again, r := placed("j2", "n1")
		again.Command.Snapshot, again.Spec.Template = "snap-1", "kept"
		c.make(again, r)
		for _, o := range n.sync() {
			if w := o.GetWork(); o.GetJob() == "j2" && (w.GetSnapshot() != "snap-1" || w.GetTemplate() != "kept") {
				t.Errorf("ordered %v", w)
			}
		}
	})
}
