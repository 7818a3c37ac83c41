package identity

import (
	"context"
	"time"

	"glovebox"
)

const (
	linkPrefix     = "lnk_"
	firstAdminLife = 15 * time.Minute
	inviteLife     = 24 * time.Hour
	recoverLife    = 15 * time.Minute
)

// Purpose is what a one-time link is for.
type Purpose string

// The purposes.
const (
	PurposeFirstAdmin Purpose = "first_admin"
	PurposeInvite     Purpose = "invite"
	PurposeRecover    Purpose = "recover"
)

// Link lets whoever holds its token register one passkey, once. The token goes
// into the fragment of a URL; only its hash is kept.
type Link struct {
	ID      string    `json:"id"`
	Purpose Purpose   `json:"purpose"`
	Tenant  string    `json:"tenant"`
	Role    Role      `json:"role"`
	Name    string    `json:"name,omitempty"`   // of the person, if given beforehand
	Person  string    `json:"person,omitempty"` // who recovers, or who invited
	By      string    `json:"by"`               // principal that made it
	Created time.Time `json:"created"`
	Until   time.Time `json:"until"`
	Hash    string    `json:"hash,omitempty"`
}

// newLink makes a link that is not stored yet, and its token.
func (s *Service) newLink(l Link, life time.Duration) (Link, string) {
	l.ID, l.Created, l.Until = glovebox.NewID(linkPrefix), s.now(), s.now().Add(life)
	var token string
	token, l.Hash = bearer(l.ID)
	return l, token
}

func (l Link) write() glovebox.Write {
	return putUntil(kindLink, l.ID, l, glovebox.IfAbsent, l.Until)
}

// shown is l without what nobody needs to see.
func (l Link) shown() Link { l.Hash = ""; return l }

// link reads what a token stands for.
func (s *Service) link(ctx context.Context, token string) (Link, int64, error) {
	id, secret := split(token)
	if id == "" {
		return Link{}, 0, because("link malformed")
	}
	l, version, err := s.linkByID(ctx, id)
	if err != nil {
		return l, 0, err
	}
	if !same(l.Hash, digest(secret)) {
		return Link{}, 0, because("link secret wrong")
	}
	return l, version, nil
}

// linkByID reads a link and says whether it still counts: within its time,
// while there is no admin, while the inviter could still invite.
func (s *Service) linkByID(ctx context.Context, id string) (Link, int64, error) {
	l, version, err := load[Link](ctx, s, kindLink, id)
	if missing(err) {
		return l, 0, because("link unknown, used or revoked")
	}
	if err != nil {
		return l, 0, err
	}
	r := &refusal{tenant: l.Tenant, target: l.ID}
	if !s.now().Before(l.Until) {
		r.cause = "link expired"
		return l, 0, r
	}
	switch l.Purpose {
	case PurposeFirstAdmin:
		n, _, err := s.admins(ctx, l.Tenant)
		if err != nil {
			return l, 0, err
		}
		if n > 0 {
			r.cause = "there is an admin"
			return l, 0, r
		}
	case PurposeInvite:
		by, _, err := s.person(ctx, l.Person)
		if err != nil {
			return l, 0, err
		}
		if g, _ := ActionPersonInvite.grant(); by.Disabled || !by.Role.Covers(g.least) || !by.Role.Covers(l.Role) {
			r.cause = "the inviter may no longer invite"
			return l, 0, r
		}
	}
	return l, version, nil
}
