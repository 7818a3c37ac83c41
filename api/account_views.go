package api

import (
	"encoding/hex"

	"glovebox/api/wire"
	"glovebox/identity"
)

// viewSession shows a session to its owner; current is the caller's.
func viewSession(v identity.Session, current string) wire.Session {
	return wire.Session{
		ID: v.ID, Kind: string(v.Kind), Name: v.Name, CreatedAt: v.Created, SeenAt: v.Seen, Until: v.Until,
		Passkey: v.Passkey, Current: v.ID == current,
	}
}

func viewPasskey(k identity.Passkey) wire.Passkey {
	view := wire.Passkey{
		ID: k.ID, Name: k.Name, CreatedAt: k.Created, UsedAt: k.Used, Disabled: k.Disabled,
		AAGUID: hex.EncodeToString(k.Credential.Authenticator.AAGUID), Synced: k.Credential.Flags.BackupEligible,
	}
	for _, t := range k.Credential.Transport {
		view.Transports = append(view.Transports, string(t))
	}
	return view
}

func viewPerson(p identity.Person) wire.Person {
	return wire.Person{
		ID: p.ID, Tenant: p.Tenant, Name: p.Name, Role: string(p.Role), Disabled: p.Disabled, CreatedAt: p.Created,
		Passkeys: len(p.Passkeys), RecoveryCodes: len(p.Codes),
	}
}

func viewPeople(all []identity.Person) wire.PersonList {
	views := make([]wire.Person, len(all))
	for i := range all {
		views[i] = viewPerson(all[i])
	}
	return wire.PersonList{People: views}
}

func viewLink(l identity.Link) wire.Link {
	return wire.Link{
		ID: l.ID, Purpose: string(l.Purpose), Tenant: l.Tenant, Role: string(l.Role), Name: l.Name, By: l.By,
		CreatedAt: l.Created, Until: l.Until,
	}
}

func viewRule(r identity.TrustRule) wire.Rule {
	view := wire.Rule{
		ID: r.ID, Name: r.Name, Issuer: r.Issuer, Audience: r.Audience, Claims: r.Claims, Seconds: r.Seconds,
		CreatedAt: r.Created, By: r.By,
	}
	for _, a := range r.Actions {
		view.Actions = append(view.Actions, string(a))
	}
	return view
}

func viewOperation(o identity.Operation) wire.Operation {
	return wire.Operation{
		Action: string(o.Action), Resource: o.Resource, Version: o.Version, Parameters: o.Parameters, Tenant: o.Tenant, Person: o.Person,
	}
}

func viewToken(t identity.AccessToken) wire.Token {
	return wire.Token{AccessToken: t.Token, TokenType: t.Type, ExpiresAt: t.Expires, Session: viewSession(t.Session, t.Session.ID)}
}
