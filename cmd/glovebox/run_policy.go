package main

import (
	"github.com/spf13/pflag"

	"glovebox"
	"glovebox/policy"
)

// policyFlags say what a job may touch.
type policyFlags struct {
	file    string
	allow   []string
	observe bool
}

func (f *policyFlags) define(fs *pflag.FlagSet) {
	fs.StringVar(&f.file, "policy", "", "file that says what the job may touch, YAML or JSON (default nothing; see docs/policy.md)")
	fs.StringArrayVar(&f.allow, "allow", nil, "let it connect to DOMAIN[:PORT][/tls|http|tcp], by default 443/tls; may be repeated")
	fs.BoolVar(&f.observe, "observe", false, "let it connect to any public name and write down what it uses, to learn a policy from")
}

// policy is the job's; nil if no flag is given.
func (a *app) policy(f policyFlags) (*glovebox.Policy, error) {
	if f.file == "" && len(f.allow) == 0 && !f.observe {
		return nil, nil
	}
	p := glovebox.Policy{Version: glovebox.PolicyVersion}
	if f.file == "-" {
		return nil, glovebox.Errorf(glovebox.KindUsage, "stdin is the job's").Try("give --policy a file")
	}
	if f.file != "" {
		var err error
		if p, err = a.readPolicy(f.file); err != nil {
			return nil, err
		}
	}
	for _, s := range f.allow {
		r, err := policy.ParseAllow(s)
		if err != nil {
			e := *glovebox.AsError(err)
			return nil, e.On("--allow")
		}
		p.Egress = append(p.Egress, r)
	}
	p.Observe = p.Observe || f.observe
	return p.CompleteJob()
}
