package local

import (
	"strings"
	"testing"

	"glovebox/internal/nodev1"
)

// TestHost: a start and an end come with what the node said of itself in the
// same call, as far as it concerns the job's runtime, and cut.
func TestHost(t *testing.T) {
	inBubble(t, func(c *control) {
		c.open()
		job, r := placed("j1", "n1")
		job.Spec.Runtime = "gvisor"
		c.make(job, r)
		n := c.node("n1")
		n.sync()
		info := &nodev1.NodeInfo{Version: "v1", Kernel: strings.Repeat("k", 1000), Platform: "linux/amd64",
			RuntimeVersions: map[string]string{"gvisor": "g1", "runc": "r1"}}
		say := func(s *nodev1.Sandbox) {
			n.have = []*nodev1.Sandbox{s}
			m := n.request()
			m.Info, m.KnownRevision = info, ""
			call := n.beginWith(m)
			<-call.ended
		}
		say(running("j1"))
		info.RuntimeVersions["gvisor"] = "g2"
		say(exited("j1", 0))
		if len(c.sink.said) != 2 {
			t.Fatalf("%+v", c.sink.said)
		}
		for i, want := range []string{"g1", "g2"} {
			h := c.sink.said[i].Host
			if h == nil || h.Runtime != want || h.Agent != "v1" || h.Platform != "linux/amd64" || len(h.Kernel) != maxHostText {
				t.Errorf("%+v", h)
			}
		}
	})
}
