package identity

import (
	"context"
	"encoding/hex"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"

	"glovebox"
)

const (
	personPrefix = "per_"
	maxPasskeys  = 20 // usable ones: who lost many must still be able to recover
)

// Person is somebody with passkeys. People are disabled, never deleted, so
// that what they did keeps its author.
type Person struct {
	ID       string    `json:"id"`
	Tenant   string    `json:"tenant"`
	Name     string    `json:"name"`
	Role     Role      `json:"role"`
	Disabled bool      `json:"disabled,omitempty"`
	Created  time.Time `json:"created"`

	// Handle is what authenticators know the person by: 64 random bytes, never
	// changed and never given to anybody else.
	Handle []byte `json:"handle"`

	// Passkeys are the ids of the usable passkeys, Retired those of disabled
	// ones. They are here so that one conditional write keeps the last usable
	// one from being removed, and one read tells whether a session's passkey
	// still counts.
	Passkeys []string `json:"passkeys"`
	Retired  []string `json:"retired,omitempty"`

	// Epoch goes up when all sessions end; sessions of another one are over.
	Epoch int64 `json:"epoch"`

	// Codes are the hashes of the unused recovery codes.
	Codes []string `json:"codes,omitempty"`
}

// Principal is the person as the rest of Glovebox sees them.
func (p Person) Principal() glovebox.Principal {
	return glovebox.Principal{Kind: PrincipalPerson, Name: "person:" + p.ID, Tenant: p.Tenant}
}

// newPerson makes a person that is not stored yet.
func newPerson(tenant, name string, role Role, now time.Time) Person {
	return Person{ID: glovebox.NewID(personPrefix), Tenant: tenant, Name: name, Role: role, Created: now,
		Handle: random(64)}
}

// handleKey is the key of the document that leads from a handle to its person.
func handleKey(handle []byte) string { return digest(hex.EncodeToString(handle)) }

// handle is that document. It stays for ever, so a handle is never reused.
type handle struct {
	Person string `json:"person"`
}

// person reads one; KindNotFound also for what cannot be an id.
func (s *Service) person(ctx context.Context, id string) (Person, int64, error) {
	gone := glovebox.Errorf(glovebox.KindNotFound, "no such person")
	if !glovebox.ValidID(personPrefix, id) {
		return Person{}, 0, gone
	}
	p, version, err := load[Person](ctx, s, kindPerson, id)
	if missing(err) {
		err = gone
	}
	return p, version, err
}

// without returns the list without id.
func without(ids []string, id string) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return s == id })
}

// checkName refuses what a person cannot read.
func checkName(field, name string) error {
	n := utf8.RuneCountInString(name)
	if !utf8.ValidString(name) || n < 1 || n > 100 {
		return glovebox.Errorf(glovebox.KindInvalid, "a name has 1 to 100 characters").On(field)
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return glovebox.Errorf(glovebox.KindInvalid, "a name has only characters that can be seen").On(field)
		}
	}
	return nil
}

// checkTenant refuses what is no tenant's name.
func checkTenant(tenant string) error {
	ok := len(tenant) >= 1 && len(tenant) <= 63 && tenant != installation
	for _, c := range []byte(tenant) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !ok {
		return glovebox.Errorf(glovebox.KindInvalid, "a tenant's name has 1 to 63 lower-case letters, digits and hyphens").On("tenant")
	}
	return nil
}
