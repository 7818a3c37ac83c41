package glovebox

import (
	"net/textproto"
	"slices"
	"strings"
)

// fixedHeaders are those that belong to the connection, or that the filter
// decides by.
var fixedHeaders = []string{"Connection", "Content-Length", "Expect", "Host", "Keep-Alive", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade"}

func (p *Policy) checkSecrets() error {
	if len(p.Secrets) > MaxSecretUses {
		return Errorf(KindTooLarge, "%d secrets", len(p.Secrets)).On("policy.secrets").Try("at most %d", MaxSecretUses)
	}
	for i := range p.Secrets {
		s, field := &p.Secrets[i], "policy.secrets["+itoa(i)+"]"
		if err := s.check(field); err != nil {
			return err
		}
		if s.Domain != "" && !p.requestsTo(s.Domain) {
			return Errorf(KindInvalid, "no egress rule leads to %s with %s or %s", s.Domain, EgressTLS, EgressHTTP).On(field + ".domain").
				Try("add one: the secret is put into requests that a rule lets through")
		}
		for _, t := range p.Secrets[:i] {
			if t.Name == s.Name && t.File && s.File || t.Domain == s.Domain && t.Header == s.Header && s.Header != "" {
				return duplicate(field, s.Name)
			}
		}
	}
	return nil
}

// check checks one use and spells it out.
func (s *SecretUse) check(field string) error {
	switch {
	case !IsSecretName(s.Name):
		return Errorf(KindInvalid, "%q cannot be a secret's name", s.Name).On(field + ".name").Try("use 1 to 63 letters, digits, '_' and '-', no '-' first")
	case s.File && (s.Domain != "" || s.Header != "" || s.Prefix != ""):
		return Errorf(KindInvalid, "both a file and a header").On(field + ".file").Try("write a use for each")
	case s.File:
		return nil
	case s.Domain == "" && s.Header == "":
		return Errorf(KindInvalid, "it is not said how the job gets the secret").On(field + ".domain").Try("give domain and header, or file: true")
	}
	d, err := completeDomain(s.Domain, field+".domain")
	switch {
	case err != nil:
		return err
	case strings.HasPrefix(d, "*"):
		return Errorf(KindInvalid, "a secret goes to one exact domain").On(field + ".domain").Try("write a use for each domain")
	}
	s.Domain, s.Header = d, textproto.CanonicalMIMEHeaderKey(s.Header)
	switch {
	case !isToken(s.Header) || len(s.Header) > 64:
		return Errorf(KindInvalid, "%q is not a header", s.Header).On(field + ".header").Try("give a name such as Authorization")
	case slices.Contains(fixedHeaders, s.Header):
		return Errorf(KindInvalid, "%s is not the job's to set", s.Header).On(field + ".header").Try("use Authorization or a header of the service's own")
	case len(s.Prefix) > 64 || !printable(s.Prefix):
		return Errorf(KindInvalid, "not a prefix").On(field + ".prefix").Try("use at most 64 printable bytes, such as \"Bearer \"")
	}
	return nil
}

// requestsTo says whether a rule lets requests to a domain through that the
// filter can read.
func (p *Policy) requestsTo(domain string) bool {
	return slices.ContainsFunc(p.Egress, func(r EgressRule) bool { return r.Protocol != EgressTCP && MatchDomain(r.Domain, domain) })
}

// MatchDomain says whether a rule's domain stands for a name: the same, or one
// more label under a wildcard. Both are in their one spelling.
func MatchDomain(rule, name string) bool {
	if rest, ok := strings.CutPrefix(rule, "*."); ok {
		label, parent, ok := strings.Cut(name, ".")
		return ok && label != "" && label != "*" && parent == rest
	}
	return rule != "" && rule == name
}

// IsSecretName says whether s can name a secret: 1 to 63 of a-z, A-Z, 0-9, '_'
// and '-', not beginning with '-'. So it fits a file's name and a key.
func IsSecretName(s string) bool {
	if len(s) == 0 || len(s) > 63 || s[0] == '-' {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
