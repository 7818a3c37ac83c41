package identity

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"glovebox"
)

// SecretChange is what an admin signs, on the page of a request, to have a
// secret of the tenant's set or removed by a program that holds the value. The
// value stays with it until the signature is there.
type SecretChange struct {
	Name    string
	Seen    int64    // version that is to be replaced; 0 = there is none
	Domains []string // that it may be sent to, complete
	Hash    string   // SecretHash of the next value; "" removes the secret
}

// signedSecret is what the admin agrees to.
type signedSecret struct {
	Request string   `json:"request"`
	Domains []string `json:"domains"`
	Value   string   `json:"value,omitempty"` // SecretHash
	Remove  bool     `json:"remove,omitempty"`
	Widens  []string `json:"widens"`
	By      string   `json:"requestedBy"`
}

// words is what the change does, for people.
func (c SecretChange) words() []string {
	switch {
	case c.Hash == "":
		return []string{"secret " + c.Name + ": removed"}
	case len(c.Domains) == 0:
		return []string{"secret " + c.Name + ": a value, for wherever a policy says"}
	}
	return []string{"secret " + c.Name + ": a value, for " + strings.Join(c.Domains, ", ") + " alone"}
}

func (c SecretChange) operation(id, by string) Operation {
	o := operation(ActionSecretWrite, c.Name, signedSecret{
		Request: id, Domains: append([]string{}, slices.Sorted(slices.Values(c.Domains))...), Value: c.Hash, Remove: c.Hash == "",
		Widens: shown(c.words()), By: by,
	})
	o.Version = strconv.FormatInt(c.Seen, 10)
	return o
}

// RequestSecretChange asks for an admin's signature under a change of a secret.
// Who asks has to be one, too, and may be the same. One signature is enough, as
// it is for one that comes with the change.
func (s *Service) RequestSecretChange(ctx context.Context, c Caller, change SecretChange) (Approval, error) {
	if err := s.Authorize(ctx, c, ActionSecretWrite, change.Name); err != nil {
		return Approval{}, err
	}
	id := glovebox.NewID(approvalPrefix)
	return s.request(ctx, c, id, change.words(), 1, change.operation(id, c.Name))
}

// TakeSecretChange is TakeApproval for a change of a secret, which has a hash of
// the value that came with it.
func (s *Service) TakeSecretChange(ctx context.Context, c Caller, id string, change SecretChange) ([]glovebox.Approval, error) {
	if err := s.Authorize(ctx, c, ActionSecretWrite, change.Name); err != nil {
		return nil, err
	}
	return s.takeFor(ctx, c, id, "", func(a Approval) Operation { return change.operation(a.ID, a.By) })
}
