package identity

import (
	"context"
	"slices"
	"strings"

	"glovebox"
)

// site is what passkeys were bound to at the first start. Authenticators will
// not offer them to another domain, so a change would lock everybody out.
type site struct {
	RPID    string   `json:"rp_id"`
	Origins []string `json:"origins"`
}

// fixSite writes the site at the first start and compares it ever after.
func (s *Service) fixSite(ctx context.Context, rpID string, origins []string) error {
	want := site{rpID, slices.Sorted(slices.Values(origins))}
	err := s.records.Commit(ctx, []glovebox.Write{put(kindSite, "site", want, glovebox.IfAbsent)},
		s.event(installation, "", "site.fix", rpID, nil))
	if glovebox.KindOf(err) != glovebox.KindStale {
		return err
	}
	got, _, err := load[site](ctx, s, kindSite, "site")
	if err != nil {
		return err
	}
	if got.RPID != want.RPID || !slices.Equal(got.Origins, want.Origins) {
		return glovebox.Errorf(glovebox.KindConflict,
			"passkeys are bound to %s at %q, not to %s at %q", got.RPID, got.Origins, want.RPID, want.Origins).
			Try("start with the public URL of the first time, %s", strings.Join(got.Origins, " or "))
	}
	return nil
}
