package agent

import (
	"context"

	"glovebox"
)

// Network gives sandboxes a link to the filter, which is their only way out. A
// link is single-use, as its sandbox is, and has its id:
//
//	Attach → (the sandbox is made in its namespace) → Open … Change … Close → Detach
//
// Nothing passes before Open and after Close. Links outlive the agent, but what
// was open is closed when it dies: the next one opens it anew. Implementations
// are safe for concurrent use.
type Network interface {
	// Attach makes a link and returns the path of the network namespace to
	// start the sandbox in. KindConflict if there is one of that id.
	Attach(ctx context.Context, id string) (netns string, err error)
	// Open lets through what the access names and tells what it decides, in
	// order and never two at a time. It returns the files that the sandbox must
	// have. KindNotFound without a link, KindConflict if it is open.
	Open(ctx context.Context, id string, a glovebox.Access, tell func([]glovebox.NetEvent)) ([]glovebox.File, error)
	// Change makes another access count, at once: connections that it does not
	// allow are cut before it returns. KindNotFound if it is not open.
	Change(ctx context.Context, id string, a glovebox.Access) error
	// Close cuts everything. All has been told when it returns. Idempotent.
	Close(ctx context.Context, id string) error
	// Detach removes the link. Idempotent, legal at any time.
	Detach(ctx context.Context, id string) error
	// Links lists the ids of all links of which anything is there.
	Links(ctx context.Context) ([]string, error)
	// Residue lists what is left of links whose ids are not live.
	Residue(ctx context.Context, live map[string]bool) ([]glovebox.Residue, error)
}

// noNetwork is that of a node that cannot make links.
type noNetwork struct{}

func (noNetwork) Attach(context.Context, string) (string, error) {
	return "", glovebox.Errorf(glovebox.KindRuntime, "this node has no filter, so a job cannot have a network").On("policy.egress").
		Try("run it without egress rules")
}
func (noNetwork) Open(context.Context, string, glovebox.Access, func([]glovebox.NetEvent)) ([]glovebox.File, error) {
	return nil, glovebox.Errorf(glovebox.KindNotFound, "there is no link")
}
func (noNetwork) Change(context.Context, string, glovebox.Access) error {
	return glovebox.Errorf(glovebox.KindNotFound, "there is no link")
}
func (noNetwork) Close(context.Context, string) error     { return nil }
func (noNetwork) Detach(context.Context, string) error    { return nil }
func (noNetwork) Links(context.Context) ([]string, error) { return nil, nil }
func (noNetwork) Residue(context.Context, map[string]bool) ([]glovebox.Residue, error) {
	return nil, nil
}
