package identity

import (
	"context"
	"strings"
	"time"

	"glovebox"
)

// SessionKind says how a session is held.
type SessionKind string

// The kinds of sessions.
const (
	SessionBrowser  SessionKind = "browser"  // by a secret in a cookie
	SessionKey      SessionKind = "key"      // by a key of the CLI or an SDK
	SessionRecovery SessionKind = "recovery" // by a secret; may only register a passkey
	SessionWorkload SessionKind = "workload" // by a key of a CI job
)

// Lives of sessions. Idle ones end earlier.
const (
	browserLife  = 12 * time.Hour
	browserIdle  = 30 * time.Minute
	keyLife      = 12 * time.Hour
	recoveryLife = 15 * time.Minute
	workloadLife = 15 * time.Minute // the most that a rule can give

	// seenEvery is how often use is written down; a session may so end up to
	// this much too early, never too late.
	seenEvery = time.Minute
)

const sessionPrefix = "ses_"

// Session is a login. It is a document: without it there is no session,
// whatever tokens say.
type Session struct {
	ID      string      `json:"id"`
	Kind    SessionKind `json:"kind"`
	Subject string      `json:"subject"` // person or trust rule
	Tenant  string      `json:"tenant"`
	Name    string      `json:"name,omitempty"` // device, as it called itself
	Created time.Time   `json:"created"`
	Seen    time.Time   `json:"seen"`
	Until   time.Time   `json:"until"`

	Hash    string   `json:"hash,omitempty"`    // of the secret, if held by one
	JKT     string   `json:"jkt,omitempty"`     // thumbprint of the key, if held by one
	Passkey string   `json:"passkey,omitempty"` // that opened it
	Epoch   int64    `json:"epoch,omitempty"`   // of the person then
	Actions []Action `json:"actions,omitempty"` // of a workload
}

// sessionID makes an id that begins with its subject's, so that a subject's
// sessions are neighbours in the store.
func sessionID(subject string) string { return glovebox.NewID(sessionsOf(subject)) }

func sessionsOf(subject string) string {
	_, random, _ := strings.Cut(subject, "_")
	return sessionPrefix + random + "_"
}

// openSession makes a person's session, and the token that holds it unless a
// key does.
func (s *Service) openSession(p Person, kind SessionKind, name string) (Session, string) {
	now := s.now()
	v := Session{ID: sessionID(p.ID), Kind: kind, Subject: p.ID, Tenant: p.Tenant, Name: clip(name),
		Created: now, Seen: now, Epoch: p.Epoch}
	token := ""
	switch kind {
	case SessionBrowser:
		v.Until = now.Add(browserLife)
		token, v.Hash = bearer(v.ID)
	case SessionRecovery:
		v.Until = now.Add(recoveryLife)
		token, v.Hash = bearer(v.ID)
	default:
		v.Until = now.Add(keyLife)
	}
	return v, token
}

// write stores a new session.
func (v Session) write() glovebox.Write {
	return putUntil(kindSession, v.ID, v, glovebox.IfAbsent, v.Until)
}

// Sessions lists the caller's own live sessions.
func (s *Service) Sessions(ctx context.Context, c Caller) ([]Session, error) {
	if err := s.Authorize(ctx, c, ActionSelfRead, c.Subject); err != nil {
		return nil, err
	}
	all, err := list[Session](ctx, s, kindSession, sessionsOf(c.Subject))
	if err != nil {
		return nil, err
	}
	var live []Session
	for _, v := range all {
		switch _, err := s.live(ctx, v); err.(type) {
		case nil:
			v.Hash = ""
			live = append(live, v)
		case *refusal:
		default:
			return nil, err
		}
	}
	return live, nil
}

// CountSessions counts the live sessions of everybody. It reads them all.
func (s *Service) CountSessions(ctx context.Context) (int, error) {
	all, err := list[Session](ctx, s, kindSession, "")
	n := 0
	for _, v := range all {
		switch _, bad := s.live(ctx, v); bad.(type) {
		case nil:
			n++
		case *refusal:
		default:
			return 0, bad
		}
	}
	return n, err
}

// EndSession ends one of the caller's own sessions; KindNotFound for others.
// Every session may end itself.
func (s *Service) EndSession(ctx context.Context, c Caller, id string) error {
	if id != c.Session.ID {
		if err := s.Authorize(ctx, c, ActionSessionEnd, id); err != nil {
			return err
		}
	}
	gone := glovebox.Errorf(glovebox.KindNotFound, "no such session")
	if !plain(id) {
		return gone
	}
	v, _, err := load[Session](ctx, s, kindSession, id)
	if missing(err) || err == nil && v.Subject != c.Subject {
		return gone
	}
	if err != nil {
		return err
	}
	err = s.records.Commit(ctx, []glovebox.Write{drop(kindSession, id, glovebox.IfAny)},
		s.event(c.Tenant, c.Name, "session.end", id, nil))
	if err == nil {
		s.ended.cut(func(v Session) bool { return v.ID == id })
	}
	return err
}
