package identity

import (
	"context"

	"github.com/go-webauthn/webauthn/protocol"

	"glovebox"
)

// LinkInfo says what a link's token is for, to show it before enrolment.
func (s *Service) LinkInfo(ctx context.Context, token string) (Link, error) {
	l, _, err := s.link(ctx, token)
	if err != nil {
		return Link{}, s.outcome(ctx, "link.use", err)
	}
	return l.shown(), nil
}

// BeginEnrol issues a challenge to the holder of a link. name is the person's,
// if the link does not say it; passkey is what the passkey will be called.
// The link is not used up before FinishEnrol, so a failed attempt costs nothing.
func (s *Service) BeginEnrol(ctx context.Context, token, name, passkey string) (string, *protocol.CredentialCreation, error) {
	if err := checkName("passkey", passkey); err != nil {
		return "", nil, err
	}
	l, _, err := s.link(ctx, token)
	if err != nil {
		return "", nil, s.outcome(ctx, "link.use", err)
	}
	if l.Name != "" {
		name = l.Name
	}
	if err := checkName("name", name); err != nil {
		return "", nil, err
	}
	p := newPerson(l.Tenant, name, l.Role, s.now())
	if l.Purpose == PurposeRecover {
		if p, _, err = s.person(ctx, l.Person); err != nil {
			return "", nil, err
		}
	}
	return s.beginRegistration(ctx, ceremony{Link: l.ID, Person: &p, Name: passkey})
}

// FinishEnrol checks the authenticator's answer, uses up the link, and makes
// the person, the passkey and a browser session, all or nothing.
func (s *Service) FinishEnrol(ctx context.Context, id string, response []byte, device string) (Session, string, error) {
	c, k, err := s.registered(ctx, id, response)
	if err == nil && c.Link == "" {
		err = because("challenge of a session")
	}
	if err != nil {
		return Session{}, "", s.outcome(ctx, "link.use", err)
	}
	var opened Session
	var token string
	err = retried(func() error {
		l, version, err := s.linkByID(ctx, c.Link)
		if err != nil {
			return err
		}
		if err := s.unregistered(ctx, k); err != nil {
			return err
		}
		p, writes, events, err := s.admit(ctx, l, *c.Person, k)
		if err != nil {
			return err
		}
		opened, token = s.openSession(p, SessionBrowser, device)
		opened.Passkey = k.ID
		writes = append(writes, drop(kindLink, l.ID, version), put(kindPasskey, k.ID, k, glovebox.IfAbsent), opened.write())
		actor := p.Principal().Name
		return s.records.Commit(ctx, writes, append(events,
			s.event(p.Tenant, actor, "link.use", l.ID, map[string]string{"purpose": string(l.Purpose), "by": l.By}),
			s.event(p.Tenant, actor, "passkey.add", k.ID, k.detail()),
			s.event(p.Tenant, actor, "session.open", opened.ID, map[string]string{"kind": string(opened.Kind)}))...)
	})
	if err != nil {
		return Session{}, "", s.outcome(ctx, "link.use", err)
	}
	s.ended.cut(func(v Session) bool { return v.Subject == opened.Subject && v.Epoch != opened.Epoch })
	opened.Hash = ""
	return opened, token, nil
}

// admit makes the person that a link lets in, or gives the one who recovers
// their new passkey and ends what sessions they had.
func (s *Service) admit(ctx context.Context, l Link, p Person, k Passkey) (Person, []glovebox.Write, []glovebox.AuditEvent, error) {
	if l.Purpose == PurposeRecover {
		now, version, err := s.person(ctx, l.Person)
		if err != nil {
			return p, nil, nil, err
		}
		if now.Disabled {
			return p, nil, nil, &refusal{cause: "person disabled", tenant: l.Tenant, target: l.ID}
		}
		now.Passkeys = append(now.Passkeys, k.ID)
		now.Epoch++
		return now, []glovebox.Write{put(kindPerson, now.ID, now, version)}, nil, nil
	}
	p.Passkeys = []string{k.ID}
	var writes []glovebox.Write
	if l.Purpose == PurposeFirstAdmin {
		writes = []glovebox.Write{firstAdmin(p.Tenant)}
	} else {
		var err error
		if writes, err = s.countAdmin(ctx, p.Tenant, false, p.admin()); err != nil {
			return p, nil, nil, err
		}
	}
	writes = append(writes,
		put(kindPerson, p.ID, p, glovebox.IfAbsent),
		put(kindHandle, handleKey(p.Handle), handle{p.ID}, glovebox.IfAbsent))
	made := s.event(p.Tenant, p.Principal().Name, "person.create", p.ID, map[string]string{"role": string(p.Role), "name": p.Name})
	return p, writes, []glovebox.AuditEvent{made}, nil
}
