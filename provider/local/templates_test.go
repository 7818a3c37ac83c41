package local

import (
	"context"
	"testing"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
)

// TestTemplateBlobs: any node may read what a template needs, as long as there is
// one.
func TestTemplateBlobs(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		readable := func(digest string) bool {
			s, err := n.ReadBlob(context.Background(), connect.NewRequest(&nodev1.ReadBlobRequest{Digest: digest}))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for s.Receive() {
				continue
			}
			if err := s.Err(); err != nil && connect.CodeOf(err) != connect.CodeNotFound {
				t.Error(err)
			}
			return s.Err() == nil
		}
		for _, want := range []bool{false, true, false} {
			var all []glovebox.WarmTemplate
			if want {
				all = []glovebox.WarmTemplate{{Name: "py", Image: "python", Digest: "sha256:one"}}
			}
			if err := c.SetTemplates(t.Context(), all); err != nil {
				t.Fatal(err)
			}
			for _, digest := range []string{"sha256:one", "sha256:one-config", "sha256:one-layer"} {
				if got := readable(digest); got != want {
					t.Errorf("%s can be read: %t, want %t", digest, got, want)
				}
			}
			if readable("sha256:two-layer") || readable("") {
				t.Error("a blob of another image, or of none, can be read")
			}
		}
	})
}

// TestTemplates: nodes hear nothing of templates until these are known, then all
// of them at once, and nothing more until they change.
func TestTemplates(t *testing.T) {
	inBubble(t, func(c *control) {
		n := c.open().node("n1")
		told := func(call *call) *nodev1.Templates {
			t.Helper()
			<-call.ended
			if call.err != nil {
				t.Fatal(call.err)
			}
			n.known = call.resp.GetRevision()
			return call.resp.GetTemplates()
		}
		if got := told(n.begin()); got != nil {
			t.Errorf("before they are known: %v", got)
		}
		held := n.begin()
		set := func(all ...glovebox.WarmTemplate) {
			t.Helper()
			if err := c.SetTemplates(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
		python := glovebox.WarmTemplate{Name: "py", Image: "python", Digest: "sha256:one", Interpreter: "python3", Min: 1, Max: 3}
		set(python, glovebox.WarmTemplate{Name: "lost", Image: "x", Digest: "sha256:none"})
		all := told(held).GetAll()
		if len(all) != 1 {
			t.Fatalf("told %v", all)
		}
		w := all[0]
		if w.GetName() != "py" || w.GetImage().GetDigest() != "sha256:one" || len(w.GetImage().GetLayers()) == 0 || w.GetInterpreter() != "python3" ||
			w.GetMin() != 1 || w.GetMax() != 3 || w.GetWorkdir() != "/" || len(w.GetEnv()) != 1 {
			t.Errorf("told %v", w)
		}
		held = n.begin()
		time.Sleep(time.Second)
		if !held.held() {
			t.Error("answered without news")
		}
		c.order("j1", "n1")
		if got := told(held); got != nil {
			t.Errorf("told again with an order: %v", got)
		}
		if got := told(c.node("n2").begin()); len(got.GetAll()) != 1 {
			t.Errorf("a new node is told %v", got)
		}
		n.known = ""
		if got := told(n.begin()); len(got.GetAll()) != 1 {
			t.Errorf("a new agent is told %v", got)
		}
		held = n.begin()
		set()
		if got := told(held); got == nil || len(got.GetAll()) != 0 {
			t.Errorf("told %v when there are none any more", got)
		}
	})
}
