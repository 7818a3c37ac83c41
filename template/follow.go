package template

import (
	"context"
	"slices"
	"time"

	"glovebox"
)

// lookAgain is how long a change that another process has made goes unseen.
const lookAgain = 5 * time.Second

// Follow calls tell with all templates, at first and after each change, until
// ctx ends. While they cannot be read, those told last count. If tell fails, as
// it may while the store does, it is called again. There is one follower at a
// time.
func (r *Registry) Follow(ctx context.Context, tell func(context.Context, []glovebox.WarmTemplate) error) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	var last []glovebox.WarmTemplate
	for told := false; ctx.Err() == nil; {
		all, err := r.List(ctx, glovebox.AnyTenant)
		if err == nil && (!told || !slices.EqualFunc(all, last, same)) {
			told = tell(ctx, all) == nil
			last = all
		}
		select {
		case <-r.changed:
		case <-tick.C:
		case <-ctx.Done():
		}
	}
}

// same says whether two are one and the same: templates do not change.
func same(a, b glovebox.WarmTemplate) bool {
	return a.Name == b.Name && a.Digest == b.Digest && a.Created.Equal(b.Created)
}
