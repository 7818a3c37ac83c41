package campaign

import (
	"context"
	"slices"
	"sync"
	"time"

	"glovebox"
)

// links are a node's network in memory: agent.Network without a kernel.
type links struct {
	mu   sync.Mutex
	open map[string]*glovebox.Access // by id; nil while nothing passes
}

func newLinks() *links { return &links{open: map[string]*glovebox.Access{}} }

// Attach implements agent.Network.
func (l *links) Attach(_ context.Context, id string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.open[id]; ok {
		return "", glovebox.Errorf(glovebox.KindConflict, "there is a link %s", id)
	}
	l.open[id] = nil
	return "/run/netns/" + id, nil
}

// Open implements agent.Network; the filter decides one thing at once.
func (l *links) Open(_ context.Context, id string, a glovebox.Access, tell func([]glovebox.NetEvent)) ([]glovebox.File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	was, ok := l.open[id]
	switch {
	case !ok:
		return nil, glovebox.Errorf(glovebox.KindNotFound, "there is no link %s", id)
	case was != nil:
		return nil, glovebox.Errorf(glovebox.KindConflict, "link %s is open", id)
	}
	l.open[id] = &a
	tell([]glovebox.NetEvent{{At: time.Now(), Type: glovebox.NetDNS, Name: "refused.example", Reason: glovebox.NetNoRule}})
	return nil, nil
}

// Change implements agent.Network.
func (l *links) Change(_ context.Context, id string, a glovebox.Access) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[id] == nil {
		return glovebox.Errorf(glovebox.KindNotFound, "link %s is not open", id)
	}
	l.open[id] = &a
	return nil
}

// Close implements agent.Network.
func (l *links) Close(_ context.Context, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.open[id]; ok {
		l.open[id] = nil
	}
	return nil
}

// Detach implements agent.Network.
func (l *links) Detach(_ context.Context, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, id)
	return nil
}

// Links implements agent.Network.
func (l *links) Links(context.Context) ([]string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for id := range l.open {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}

// Residue implements agent.Network.
func (l *links) Residue(_ context.Context, live map[string]bool) ([]glovebox.Residue, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []glovebox.Residue
	for id := range l.open {
		if !live[id] {
			all = append(all, glovebox.Residue{Kind: "namespace", Name: id, Sandbox: id})
		}
	}
	return all, nil
}

// died is what the agent's death does to links: nothing passes any more.
func (l *links) died() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.open {
		l.open[id] = nil
	}
}

// clear is what the machine's death does.
func (l *links) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.open)
}

func (l *links) left(node string) (all []string) {
	ids, _ := l.Links(background)
	for _, id := range ids {
		if !isParked(id) {
			all = append(all, node+": link "+id)
		}
	}
	return all
}
