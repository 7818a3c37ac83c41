package task

import (
	"errors"
	"fmt"
	"slices"

	"glovebox/shim/keeper"
	"glovebox/shim/sandbox"
)

var _ keeper.Sandboxes = (*Service)(nil)

var words = map[sandbox.Status]string{
	sandbox.Created: "created", sandbox.Running: "running", sandbox.Paused: "running", sandbox.Stopped: "stopped",
}

// Held implements keeper.Sandboxes.
func (s *Service) Held() []keeper.Sandbox {
	held := []keeper.Sandbox{}
	for _, sb := range s.all() {
		status, _ := sb.Status()
		held = append(held, keeper.Sandbox{ID: sb.ID, Status: words[status]})
	}
	return held
}

// Leave implements keeper.Sandboxes.
func (s *Service) Leave(keep []string) error {
	var errs []error
	for _, sb := range s.all() {
		if slices.Contains(keep, sb.ID) {
			sb.KeepDeadline()
			continue
		}
		if err := s.remove(sb); err != nil {
			errs = append(errs, fmt.Errorf("sandbox %s: %w", sb.ID, err))
		}
	}
	return errors.Join(errs...)
}

// remove ends and deletes a sandbox that nobody will come back to.
func (s *Service) remove(sb *sandbox.Sandbox) error {
	if err := sb.End(); err != nil {
		return err
	}
	if _, err := sb.Delete(); err != nil {
		return err
	}
	s.forget(sb)
	return nil
}

// Attend implements keeper.Sandboxes.
func (s *Service) Attend() {
	for _, sb := range s.all() {
		sb.LeaveDeadline()
	}
}

func (s *Service) all() []*sandbox.Sandbox {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []*sandbox.Sandbox
	for _, sb := range s.sandboxes {
		if sb != nil {
			all = append(all, sb)
		}
	}
	return all
}
