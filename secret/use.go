package secret

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"glovebox"
)

// Check says whether a job of the tenant may use secrets as its policy has
// them: KindInvalid on "policy.secrets[i].name" for one that the tenant does
// not have, KindDenied on "policy.secrets[i].domain" for one that is bound to
// other domains. What a use has to be made of is for the policy to say.
func (r *Registry) Check(ctx context.Context, tenant string, uses []glovebox.SecretUse) error {
	for i, use := range uses {
		s, err := r.Get(ctx, tenant, use.Name)
		if glovebox.KindOf(err) == glovebox.KindNotFound {
			return glovebox.Errorf(glovebox.KindInvalid, "there is no secret %.80q", use.Name).On(fmt.Sprintf("policy.secrets[%d].name", i)).
				Try("see: glovebox secret list")
		}
		if err == nil {
			err = bound(s, use, fmt.Sprintf("policy.secrets[%d].domain", i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bound refuses to let a secret go where it may not.
func bound(s glovebox.Secret, use glovebox.SecretUse, field string) error {
	if len(s.Domains) == 0 || use.Domain != "" && !use.File && slices.Contains(s.Domains, strings.ToLower(use.Domain)) {
		return nil
	}
	where := use.Domain
	if use.File || where == "" {
		where = "a file of the job"
	}
	return glovebox.Errorf(glovebox.KindDenied, "secret %q may not be given to %s", s.Name, where).On(field).
		Try("it is for %s alone", strings.Join(s.Domains, ", "))
}

// Given is a secret as a job's order has it.
type Given struct {
	Use   glovebox.SecretUse
	Value glovebox.SecretValue
}

// Give opens what a job of the tenant uses, when its order is sent. A secret may
// have changed since the job was checked, so it is checked again: the errors are
// those of Check, and KindUnavailable if one cannot be opened.
func (r *Registry) Give(ctx context.Context, tenant string, uses []glovebox.SecretUse) ([]Given, error) {
	all := make([]Given, 0, len(uses))
	for i, use := range uses {
		s, v, err := r.open(ctx, tenant, use.Name)
		if glovebox.KindOf(err) == glovebox.KindNotFound {
			return nil, glovebox.Errorf(glovebox.KindInvalid, "secret %q is gone", use.Name).On(fmt.Sprintf("policy.secrets[%d].name", i)).
				Try("set it again")
		}
		if err == nil {
			err = bound(s, use, fmt.Sprintf("policy.secrets[%d].domain", i))
		}
		if err != nil {
			return nil, err
		}
		all = append(all, Given{use, v})
	}
	return all, nil
}

// Files are those of the given secrets that a job has as files.
func Files(all []Given) []glovebox.File {
	var files []glovebox.File
	for _, g := range all {
		if g.Use.File {
			files = append(files, glovebox.File{Path: glovebox.SecretsDir + "/" + g.Use.Name, Mode: 0o400, Data: g.Value})
		}
	}
	return files
}
