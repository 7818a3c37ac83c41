package local

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
)

// callAgain bounds how long a node stays silent.
const callAgain = 30 * time.Second

// maxPast bounds how many former runs of a node's agent are remembered.
const maxPast = 64

var errLate = errors.New("a later call of this node has come in")

// Sync takes a node's list, tells the orchestrator what is new in it, and
// answers with the list of what should be, once that differs from what the node
// has carried out.
func (p *Provider) Sync(ctx context.Context, req *connect.Request[nodev1.SyncRequest]) (*connect.Response[nodev1.SyncResponse], error) {
	select {
	case <-p.open:
	case <-ctx.Done():
		return nil, connect.NewError(connect.CodeUnavailable, ctx.Err())
	}
	m := req.Msg
	if m.GetNode() != caller(ctx) || m.GetNode() == "" {
		return nil, errOtherNode
	}
	reports, err := p.take(m)
	if err != nil {
		return nil, err
	}
	p.reports.NodeSeen(glovebox.Node{
		Name: m.GetNode(), Boot: m.GetBoot(), Platform: m.GetInfo().GetPlatform(), Runtimes: m.GetInfo().GetRuntimes(),
		Capacity: glovebox.Capacity{Sandboxes: m.GetCapacity().GetSandboxes(), Memory: m.GetCapacity().GetMemory()},
		Seen:     p.now(),
	})
	for _, r := range reports {
		p.reports.Report(r)
	}
	return p.answer(ctx, m)
}

// take compares the node's list with its orders and returns the news.
func (p *Provider) take(m *nodev1.SyncRequest) ([]glovebox.Report, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.node(m.GetNode())
	if !n.follows(m.GetRun(), m.GetSequence()) {
		return nil, connect.NewError(connect.CodeAborted, errLate)
	}
	n.pools, n.seen = m.GetPools(), p.now()
	p.saved(m.GetNode(), m.GetSnapshots())
	n.have = make(map[string]*nodev1.Sandbox, len(m.GetHave()))
	var news []glovebox.Report
	for _, s := range m.GetHave() {
		id := glovebox.SandboxID(s.GetJob(), int(s.GetAttempt()))
		n.have[id] = s
		o := p.orders[id]
		if o == nil || o.node != m.GetNode() || o.removed {
			continue // not ordered from this node: nothing it says of it counts
		}
		if r := o.watched(s, p.now()); r != nil {
			news = append(news, *r)
		}
		if r := o.news(s, p.now()); r != nil {
			r.Host = host(m.GetInfo(), o.wire.GetWork().GetRuntime())
			news = append(news, *r)
		}
	}
	return append(news, p.missing(m, n)...), nil
}

// follows says whether a call comes after all that came before, and notes it. A
// call of an agent that another has followed is late, however it got here: what
// it tells is what a dead process knew.
func (n *node) follows(run string, sequence uint64) bool {
	switch {
	case slices.Contains(n.past, run) || run == n.run && sequence <= n.sequence:
		return false
	case run != n.run && n.run != "":
		n.past = append(n.past, n.run)
		n.past = n.past[max(0, len(n.past)-maxPast):]
	}
	n.run, n.sequence = run, sequence
	return true
}

// missing looks at the orders that the node's list does not name: removed ones
// may be gone for good, and others lost.
func (p *Provider) missing(m *nodev1.SyncRequest, n *node) []glovebox.Report {
	var news []glovebox.Report
	done := p.carriedOut(m)
	for id, o := range p.orders {
		switch {
		case o.node != m.GetNode() || n.have[id] != nil:
		case o.removed && done >= o.removedAt:
			delete(p.orders, id)
			news = append(news, glovebox.Report{Job: o.job, Attempt: o.attempt, Resource: &glovebox.Resource{
				Job: o.job, Kind: Kind, Name: id, Node: o.node, Attempt: o.attempt, State: glovebox.ResourceGone}})
		case !o.removed && o.vanished(m.GetBoot()):
			o.lost = true
			news = append(news, o.loss())
		}
	}
	return news
}

// carriedOut is the revision of the last answer of this process that the node
// has carried out, 0 if there is none.
func (p *Provider) carriedOut(m *nodev1.SyncRequest) uint64 {
	revision, _ := p.knows(m)
	return revision
}

func (p *Provider) knows(m *nodev1.SyncRequest) (revision uint64, ok bool) {
	text, ok := strings.CutPrefix(m.GetKnownRevision(), p.epoch+"/")
	if !ok {
		return 0, false
	}
	revision, err := strconv.ParseUint(text, 10, 64)
	return revision, err == nil
}

// answer waits until there is something to say.
func (p *Provider) answer(ctx context.Context, m *nodev1.SyncRequest) (*connect.Response[nodev1.SyncResponse], error) {
	timeout := time.NewTimer(p.hold)
	defer timeout.Stop()
	for waited := false; ; {
		p.mu.Lock()
		n := p.node(m.GetNode())
		if n.run != m.GetRun() || n.sequence != m.GetSequence() {
			p.mu.Unlock()
			return nil, connect.NewError(connect.CodeAborted, errLate)
		}
		revision, changed := p.epoch+"/"+strconv.FormatUint(n.revision, 10), n.changed
		if waited || revision != m.GetKnownRevision() {
			want, templates, saves := p.want(m), p.templatesFor(n, m), p.savesOf(m.GetNode())
			p.mu.Unlock()
			return reply(revision, want, templates, saves), nil
		}
		p.mu.Unlock()
		select {
		case <-changed:
		case <-timeout.C:
			waited = true
		case <-ctx.Done():
			return nil, connect.NewError(connect.CodeCanceled, ctx.Err())
		}
	}
}

// want lists the node's orders and notes who was told; p.mu is held.
func (p *Provider) want(m *nodev1.SyncRequest) []*nodev1.Order {
	var want []*nodev1.Order
	for _, o := range p.orders {
		if o.node != m.GetNode() || o.removed || o.lost {
			continue
		}
		if o.boot == "" {
			o.boot = m.GetBoot()
		}
		want = append(want, o.wire)
	}
	slices.SortFunc(want, func(a, b *nodev1.Order) int { return strings.Compare(a.GetJob(), b.GetJob()) })
	return want
}

func reply(revision string, want []*nodev1.Order, templates *nodev1.Templates, saves []*nodev1.Save) *connect.Response[nodev1.SyncResponse] {
	return connect.NewResponse(&nodev1.SyncResponse{Revision: revision, Want: want, CallAgain: durationpb.New(callAgain), Templates: templates, Saves: saves})
}
