package link

import "context"

// wideSet has the links of which every TCP connection goes to the filter, which
// then decides alone.
const wideSet = "wide"

func wideElement(link string) element { return element{set: wideSet, key: linkKey(link)} }

// wide matches a link that is wide.
func wideLink() rule { return lookedUp(wideSet) }

// Widen lets every TCP connection of a slot come to the filter, whatever is
// pinned, or with on false only what is pinned. It is for what cannot be listed:
// prefixes, and sandboxes that are observed. A refusal is then a connection that
// the filter resets. Idempotent; KindNotFound if there is no such slot.
func (r *Router) Widen(ctx context.Context, id string, on bool) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s, err := r.hold(id)
	if err != nil {
		return err
	}
	defer s.mu.Unlock()
	if s.wide == on {
		return nil
	}
	var away, in []element
	if e := wideElement(linkName(s.n)); on {
		in = append(in, e)
	} else {
		away = append(away, e)
	}
	if err := r.rules.change(away, in); err != nil {
		return failed("widen", id, err)
	}
	s.wide = on
	return nil
}
