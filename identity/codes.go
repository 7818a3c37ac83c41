package identity

import (
	"context"
	"encoding/base32"
	"strings"

	"glovebox"
)

const recoveryCodes = 10

var codeAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// code leads from a recovery code's hash to its person.
type code struct {
	Person string `json:"person"`
}

// CodesOperation is what a person signs to get recovery codes.
func CodesOperation() Operation { return operation(ActionCodesMake, "", struct{}{}) }

// MakeCodes gives the caller ten recovery codes and makes earlier ones
// worthless. They are shown once; only hashes are kept.
func (s *Service) MakeCodes(ctx context.Context, c Caller, signed *SignedOperation) ([]string, error) {
	if err := s.Spend(ctx, c, CodesOperation(), signed); err != nil {
		return nil, err
	}
	var codes []string
	err := retried(func() error {
		p, version, err := s.person(ctx, c.Subject)
		if err != nil {
			return err
		}
		var writes []glovebox.Write
		for _, hash := range p.Codes {
			writes = append(writes, drop(kindRecovery, hash, glovebox.IfAny))
		}
		codes, p.Codes = nil, nil
		for range recoveryCodes {
			text := codeAlphabet.EncodeToString(random(10)) // 80 bits, 16 characters
			hash := digest(text)
			codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
			p.Codes = append(p.Codes, hash)
			writes = append(writes, put(kindRecovery, hash, code{p.ID}, glovebox.IfAbsent))
		}
		writes = append(writes, put(kindPerson, p.ID, p, version))
		return s.records.Commit(ctx, writes, s.event(c.Tenant, c.Name, string(ActionCodesMake), p.ID, nil))
	})
	return codes, err
}

// UseCode opens a recovery session with a code, which is then used up. Such a
// session may register a passkey and nothing else, and ends with that.
func (s *Service) UseCode(ctx context.Context, text, device string) (Session, string, error) {
	var opened Session
	var token string
	err := retried(func() error {
		p, err := s.codeOwner(ctx, text)
		if err != nil {
			return err
		}
		hash := digest(spelled(text))
		p.Codes = without(p.Codes, hash)
		opened, token = s.openSession(p.Person, SessionRecovery, device)
		return s.records.Commit(ctx, []glovebox.Write{
			drop(kindRecovery, hash, p.codeVersion), put(kindPerson, p.ID, p.Person, p.version), opened.write(),
		}, s.event(p.Tenant, p.Principal().Name, "recovery.use", p.ID, map[string]string{"session": opened.ID}))
	})
	if err != nil {
		return Session{}, "", s.outcome(ctx, "recovery.use", err)
	}
	opened.Hash = ""
	return opened, token, nil
}

// owner is the person of a code, with the versions that were read.
type owner struct {
	Person
	version, codeVersion int64
}

func (s *Service) codeOwner(ctx context.Context, text string) (owner, error) {
	if len(text) > 64 {
		return owner{}, because("recovery code malformed")
	}
	c, codeVersion, err := load[code](ctx, s, kindRecovery, digest(spelled(text)))
	if missing(err) {
		return owner{}, because("recovery code unknown or used")
	}
	if err != nil {
		return owner{}, err
	}
	p, version, err := s.person(ctx, c.Person)
	if err == nil && p.Disabled {
		err = &refusal{cause: "person disabled", tenant: p.Tenant, actor: p.Principal().Name}
	}
	return owner{p, version, codeVersion}, err
}

// spelled undoes what people do when they copy a code from paper.
func spelled(text string) string {
	return strings.NewReplacer("-", "", " ", "", "o", "0", "i", "1", "l", "1").Replace(strings.ToLower(text))
}
