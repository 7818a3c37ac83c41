package local

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"glovebox/internal/nodev1"
	"glovebox/internal/nodev1/nodev1connect"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// node is a node that does nothing by itself: each call is the test's.
type testNode struct {
	nodev1connect.NodeServiceClient
	t         *testing.T
	name, run string
	boot      string
	sequence  uint64
	known     string
	have      []*nodev1.Sandbox
	pools     []*nodev1.Pool
}

func (c *control) node(name string) *testNode {
	return &testNode{NodeServiceClient: c.client(name), t: c.t, name: name, run: "run1", boot: "boot1"}
}

func (n *testNode) request() *nodev1.SyncRequest {
	n.sequence++
	return &nodev1.SyncRequest{
		Node: n.name, Boot: n.boot, Run: n.run, Sequence: n.sequence, KnownRevision: n.known, Have: n.have, Pools: n.pools,
		Capacity: &nodev1.Capacity{Sandboxes: 10, Memory: 1 << 30},
		Info:     &nodev1.NodeInfo{Platform: "linux/amd64", Runtimes: []string{"gvisor"}},
	}
}

// call is a call that goes on in the background.
type call struct {
	abandon context.CancelFunc
	ended   chan struct{}
	resp    *nodev1.SyncResponse
	err     error
	took    time.Duration
}

func (n *testNode) begin() *call { return n.beginWith(n.request()) }

func (n *testNode) beginWith(m *nodev1.SyncRequest) *call {
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{abandon: cancel, ended: make(chan struct{})}
	began := time.Now()
	go func() {
		defer close(c.ended)
		defer cancel()
		resp, err := n.Sync(ctx, connect.NewRequest(m))
		if c.err, c.took = err, time.Since(began); err == nil {
			c.resp = resp.Msg
		}
	}()
	synctest.Wait()
	return c
}

func (c *call) held() bool {
	synctest.Wait()
	select {
	case <-c.ended:
		return false
	default:
		return true
	}
}

// sync makes one call, waits for its end and takes the answer over.
func (n *testNode) sync() []*nodev1.Order {
	n.t.Helper()
	c := n.begin()
	<-c.ended
	if c.err != nil {
		n.t.Fatalf("sync: %v", c.err)
	}
	n.known = c.resp.GetRevision()
	return c.resp.GetWant()
}

// restart is the start of a new agent on the node.
func (n *testNode) restart(run string) {
	n.run, n.sequence, n.known = run, 0, ""
}

func running(job string) *nodev1.Sandbox {
	return &nodev1.Sandbox{Job: job, Attempt: 1, Phase: nodev1.Phase_PHASE_RUNNING, Started: timestamppb.New(time.Now())}
}

func exited(job string, code int32) *nodev1.Sandbox {
	return &nodev1.Sandbox{Job: job, Attempt: 1, Phase: nodev1.Phase_PHASE_EXITED, Started: timestamppb.New(time.Now()),
		Exit: &nodev1.Exit{Code: code, Started: true, Ended: timestamppb.New(time.Now())}}
}

func code(err error) connect.Code { return connect.CodeOf(err) }
