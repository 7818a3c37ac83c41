package link

import "context"

// Raise lets the slot in: until then everything that comes by its link is
// dropped, whatever is pinned. It is on the way of every claim, so it is one
// change of two elements. Raising the link itself would wait, with everybody
// who wants a link, for the kernel to delete others, and then for the kernel to
// connect the two ends. Idempotent. KindNotFound.
func (r *Router) Raise(ctx context.Context, id string) error {
	return r.let(ctx, id, true)
}

// Lower cuts the slot off, connections and all: nothing passes until Raise.
// Idempotent. KindNotFound.
func (r *Router) Lower(ctx context.Context, id string) error {
	return r.let(ctx, id, false)
}

func (r *Router) let(ctx context.Context, id string, in bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := r.hold(id)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	switch {
	case in && !s.raised:
		err = r.rules.change(nil, r.slotElements(s.n))
	case !in && s.raised:
		err = r.rules.change(r.slotElements(s.n), nil)
	}
	if err != nil {
		return failed("raise or lower", id, err)
	}
	s.raised = in
	return nil
}
