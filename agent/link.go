package agent

import (
	"context"
	"time"

	"glovebox"
	"glovebox/internal/nodev1"
)

// linkTime bounds one call to the network, which takes milliseconds.
const linkTime = 10 * time.Second

// openLink lets the sandbox's access through the link of an id, its own or that
// of the parked one it is made of, and adds the files that go with it.
func (s *sandbox) openLink(ctx context.Context, id string, spec *glovebox.SandboxSpec) error {
	if !spec.Network {
		return nil
	}
	files, err := s.a.cfg.Network.Open(ctx, id, s.access, s.decided)
	if err != nil {
		return err
	}
	s.link = id
	spec.Files = append(spec.Files[:len(spec.Files):len(spec.Files)], files...)
	return nil
}

// attach makes the sandbox's own link, for a cold start.
func (s *sandbox) attach(ctx context.Context, spec *glovebox.SandboxSpec) error {
	if !spec.Network {
		return nil
	}
	netns, err := s.a.cfg.Network.Attach(ctx, s.id)
	if err != nil {
		return err
	}
	spec.Netns = netns
	return s.openLink(ctx, s.id, spec)
}

// closeLink cuts what is open. All that the filter decided is recorded then.
func (s *sandbox) closeLink(ctx context.Context) {
	if s.link == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), linkTime)
	defer cancel()
	_ = s.a.cfg.Network.Close(ctx, s.link) // what is left is found by Detach and Residue
	s.link = ""
}

// grant makes the access of an order count for a command that runs: the one
// that an earlier agent had opened, or a changed one. An error leaves what was
// before, or nothing, and the next look tries again.
func (s *sandbox) grant(ctx context.Context, p *nodev1.Access) error {
	if p == nil || (s.link != "" || !s.work.spec.Network) && p.GetRevision() == s.access.Revision {
		return nil
	}
	a, err := parseAccess(p)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, linkTime)
	defer cancel()
	switch {
	case !s.work.spec.Network:
	case s.link != "":
		err = s.a.cfg.Network.Change(ctx, s.link, a)
	default:
		id := s.id
		if s.was != "" {
			id = s.was
		}
		if _, err = s.a.cfg.Network.Open(ctx, id, a, s.decided); err == nil {
			s.link = id
		}
	}
	if err == nil {
		s.access = a
		s.eye.hold(a)
	}
	return err
}

// detach removes the links of a sandbox, under both ids that it can have.
func (a *Agent) detach(ctx context.Context, ids ...string) error {
	for _, id := range ids {
		if id == "" {
			continue
		}
		if err := a.cfg.Network.Close(ctx, id); err != nil {
			return err
		}
		if err := a.cfg.Network.Detach(ctx, id); err != nil {
			return err
		}
	}
	return nil
}
