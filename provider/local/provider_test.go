package local

import (
	"context"
	"sync"
	"testing"
	"time"

	"glovebox/internal/nodev1"
	"glovebox/provider/providertest"

	"connectrpc.com/connect"
)

// TestProvider runs the suite with a node that does at once what it is told.
func TestProvider(t *testing.T) {
	providertest.Run(t, func(t *testing.T) providertest.World {
		c := newControl(t).open()
		n := &obedient{node: c.node("n1"), starts: map[string]int{}}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			n.live(ctx)
		}()
		t.Cleanup(func() {
			cancel()
			<-ended
		})
		return providertest.World{
			Provider: c.Provider, Node: "n1", Digest: "sha256:one", Never: []string{"never"}, Exit: []string{"exit"},
			Reports: c.sink.all, Starts: n.count,
		}
	})
}

// obedient is a node that plays the suite's two commands.
type obedient struct {
	node   *testNode
	mu     sync.Mutex
	starts map[string]int // by sandbox
}

func (n *obedient) count(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.starts[name]
}

func (n *obedient) live(ctx context.Context) {
	for ctx.Err() == nil {
		resp, err := n.node.Sync(ctx, connect.NewRequest(n.node.request()))
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		n.node.known = resp.Msg.GetRevision()
		n.obey(resp.Msg.GetWant())
	}
}

// obey turns the list that it has into the list that it should have. It makes
// new messages, because control keeps those that were sent.
func (n *obedient) obey(want []*nodev1.Order) {
	n.mu.Lock()
	defer n.mu.Unlock()
	had := map[string]*nodev1.Sandbox{}
	for _, s := range n.node.have {
		had[s.GetJob()] = s
	}
	n.node.have = nil
	for _, o := range want {
		s, ok := had[o.GetJob()]
		if !ok {
			n.starts[o.GetJob()+"-1"]++
			s = running(o.GetJob())
			if o.GetWork().GetArgs()[0] == "exit" {
				s = exited(o.GetJob(), 7)
			}
		}
		if o.GetStop() && s.GetPhase() == nodev1.Phase_PHASE_RUNNING {
			s = exited(o.GetJob(), 143)
		}
		n.node.have = append(n.node.have, s)
	}
}
