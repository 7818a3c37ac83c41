package link

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"glovebox"
)

// Remove removes whatever there is of a slot: first what its link may do, then
// the link, then the namespace. Nothing there is no error. After an error it
// can be called again. It takes tens of milliseconds, most of them in the
// kernel; the sandbox should be gone, for it loses its network at once.
func (r *Router) Remove(id string) error {
	if err := checkID(id); err != nil {
		return err
	}
	r.mu.Lock()
	s := r.slots[id]
	r.mu.Unlock()
	if s == nil {
		if err := dropNamespace(r.slotPath(id)); err != nil {
			return failed("remove", id, err)
		}
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.demolish(s)
}

// demolish removes a slot that the caller holds.
func (r *Router) demolish(s *slot) error {
	if err := r.unplug(s); err != nil {
		return failed("remove", s.id, err)
	}
	if err := dropNamespace(r.slotPath(s.id)); err != nil {
		return failed("remove", s.id, err)
	}
	s.gone = true
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots[s.id] == s {
		delete(r.slots, s.id)
	}
	return nil
}

// unplug takes the elements and the link away. The link goes down between: it
// would make elements of its own as long as something comes in.
func (r *Router) unplug(s *slot) error {
	name := linkName(s.n)
	var mine []element
	if s.raised {
		mine = r.slotElements(s.n)
	}
	if s.wide {
		mine = append(mine, wideElement(name))
	}
	for to := range s.pins {
		mine = append(mine, pinElement(name, to, 0))
	}
	if err := r.rules.change(mine, nil); err != nil {
		return fmt.Errorf("close %s: %w", name, err)
	}
	clear(s.pins)
	s.raised, s.wide = false, false
	end, err := r.links.LinkByName(name)
	if err == nil {
		err = r.links.LinkSetDown(end)
	}
	if err != nil && !missing(err) {
		return fmt.Errorf("lower %s: %w", name, err)
	}
	if err := r.rules.forget(name); err != nil {
		return fmt.Errorf("forget counts of %s: %w", name, err)
	}
	if end != nil {
		if err := r.links.LinkDel(end); err != nil && !missing(err) {
			return fmt.Errorf("delete %s: %w", name, err)
		}
	}
	return nil
}

// Residue lists what the kernel and the folder have of slots that are not live.
func (r *Router) Residue(live map[string]bool) ([]glovebox.Residue, error) {
	var held []glovebox.Residue
	entries, err := os.ReadDir(r.slotsDir())
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list slots: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(r.slotsDir(), e.Name())
		if isMount(path) {
			kind := "mount"
			if isNamespace(path) {
				kind = "namespace"
			}
			held = append(held, glovebox.Residue{Kind: kind, Name: path, Sandbox: e.Name()})
		}
		held = append(held, glovebox.Residue{Kind: "file", Name: path, Sandbox: e.Name()})
	}
	links, err := r.links.LinkList()
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list links: %w", err)
	}
	owner := map[string]string{}
	for _, l := range links {
		if a := l.Attrs(); a.Index != loopback {
			owner[a.Name] = a.Alias
			held = append(held, glovebox.Residue{Kind: "namespace", Name: "link " + a.Name + " in " + r.routerPath(), Sandbox: a.Alias})
		}
	}
	elems, err := r.rules.entries()
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "list rules: %w", err)
	}
	for _, e := range elems {
		held = append(held, glovebox.Residue{Kind: "nft", Name: "element of " + e.set + " for " + e.link, Sandbox: owner[e.link]})
	}
	left := held[:0]
	for _, x := range held {
		if !live[x.Sandbox] {
			left = append(left, x)
		}
	}
	return left, nil
}

func failed(what, id string, err error) error {
	if e := (*glovebox.Error)(nil); errors.As(err, &e) {
		return e
	}
	return glovebox.Errorf(glovebox.KindInternal, "%s network slot %s: %w", what, id, err)
}
