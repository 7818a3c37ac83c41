package glovebox

import (
	"slices"
	"strings"
	"time"
)

// Secret is what is known of a secret of a tenant, but for its value.
type Secret struct {
	Name    string    `json:"name"`   // see IsSecretName
	Tenant  string    `json:"tenant"` // its jobs may name it
	Version int64     `json:"version"`
	Domains []string  `json:"domains,omitempty"` // it may be sent to, and nowhere else; empty = the policy says where
	Created time.Time `json:"createdAt"`
	Updated time.Time `json:"updatedAt"` // when it got its value or domains
	By      string    `json:"by"`        // Principal.Name of who gave them
}

// Bounds of secrets.
const (
	MaxSecretBytes   = 64 << 10 // of a value
	MaxSecretDomains = 32
	MaxSecrets       = 1000 // of a tenant
)

// SecretsDir is where a job finds the secrets that it has as files. It is in
// memory only.
const SecretsDir = "/run/secrets"

// Complete checks a secret that comes from outside and returns it with its
// domains in lower case and in order, each once. KindInvalid on "name" or
// "domains".
func (s Secret) Complete() (Secret, error) {
	if !IsSecretName(s.Name) {
		return s, Errorf(KindInvalid, "%q cannot be a secret's name", s.Name).On("name").
			Try("use 1 to 63 letters, digits, '_' and '-', no '-' first")
	}
	if len(s.Domains) > MaxSecretDomains {
		return s, Errorf(KindInvalid, "%d domains", len(s.Domains)).On("domains").Try("at most %d", MaxSecretDomains)
	}
	s.Domains = slices.Clone(s.Domains)
	for i, d := range s.Domains {
		exact, err := completeDomain(d, "domains")
		if err != nil {
			return s, err
		}
		if strings.HasPrefix(exact, "*") {
			return s, Errorf(KindInvalid, "%q stands for many domains", d).On("domains").Try("a secret is sent to exact domains only")
		}
		s.Domains[i] = exact
	}
	slices.Sort(s.Domains)
	s.Domains = slices.Compact(s.Domains)
	s.Created, s.Updated = s.Created.UTC(), s.Updated.UTC()
	return s, nil
}
