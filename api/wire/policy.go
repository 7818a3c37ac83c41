package wire

import "glovebox"

// Policy is what a job may touch. What is not named is denied.
type Policy struct {
	Version  string       `json:"version,omitempty" enum:"glovebox/v1" doc:"Of the document; default glovebox/v1"`
	Egress   []EgressRule `json:"egress,omitempty" nullable:"false" maxItems:"500" doc:"Where connections may lead"`
	Secrets  []SecretUse  `json:"secrets,omitempty" nullable:"false" maxItems:"32" doc:"Secrets of the tenant that the job is given"`
	Images   []string     `json:"images,omitempty" nullable:"false" maxItems:"64" doc:"Where images may come from; tenants only, none means anywhere"`
	Limits   Limits       `json:"limits,omitzero" doc:"The most that a job may ask for; tenants only, 0 is no bound"`
	Runtimes []string     `json:"runtimes,omitempty" nullable:"false" doc:"That a job may use, of those that the tenant has; tenants only"`
	Observe  bool         `json:"observe,omitempty" doc:"A tenant's: jobs may be observed. A job's: it reaches any public name, and all of it is written down"`
	Watch    WatchPolicy  `json:"watch,omitzero" doc:"For what of what it does a job is ended; what a job does not say, its tenant says"`
	Profile  *Profile     `json:"profile,omitempty" doc:"What the job did before, to be held against while it runs; jobs only"`
}

// EgressRule lets a job open connections to one kind of destination: a domain,
// or an address.
type EgressRule struct {
	Name     string   `json:"name,omitempty" maxLength:"300" doc:"For events; default DOMAIN:PORT"`
	Domain   string   `json:"domain,omitempty" maxLength:"253" example:"*.example.com" doc:"Exact, or *. and a domain for exactly one more label"`
	Address  string   `json:"address,omitempty" doc:"Address or prefix, with tcp; takes an admin"`
	Port     int      `json:"port,omitempty" minimum:"1" maximum:"65535" doc:"Default 443 for tls, 80 for http"`
	Protocol string   `json:"protocol" enum:"tls,http,tcp"`
	Methods  []string `json:"methods,omitempty" nullable:"false" maxItems:"16" doc:"Not with tcp; none means any"`
	Paths    []string `json:"paths,omitempty" nullable:"false" maxItems:"64" doc:"Not with tcp; exact, or a prefix that ends in *; none means any"`
	Bytes    int64    `json:"bytes,omitempty" minimum:"0" doc:"Both ways, over all connections of the rule; 0 is no bound"`
	Private  bool     `json:"private,omitempty" doc:"Private addresses, too; takes an admin"`
}

// SecretUse gives a job a secret of its tenant: in a header on the way out, so
// that it never enters the sandbox, or as a file in memory.
type SecretUse struct {
	Name   string `json:"name" maxLength:"63"`
	Domain string `json:"domain,omitempty" maxLength:"253" doc:"Exact, of an egress rule with tls or http"`
	Header string `json:"header,omitempty" maxLength:"64" example:"Authorization"`
	Prefix string `json:"prefix,omitempty" maxLength:"64" example:"Bearer "`
	File   bool   `json:"file,omitempty" doc:"As /run/secrets/NAME"`
}

// PolicyOf is p as it goes over the wire; nil of nil.
func PolicyOf(p *glovebox.Policy) *Policy {
	if p == nil {
		return nil
	}
	w := Policy{Version: p.Version, Images: p.Images, Limits: Limits(p.Limits), Runtimes: p.Runtimes, Observe: p.Observe,
		Watch: WatchPolicy(p.Watch), Profile: (*Profile)(p.Profile)}
	for _, r := range p.Egress {
		w.Egress = append(w.Egress, EgressRule(r))
	}
	for _, s := range p.Secrets {
		w.Secrets = append(w.Secrets, SecretUse(s))
	}
	return &w
}

// Policy is what the body says, not checked; nil of nil.
func (p *Policy) Policy() *glovebox.Policy {
	if p == nil {
		return nil
	}
	d := glovebox.Policy{Version: p.Version, Images: p.Images, Limits: glovebox.Limits(p.Limits), Runtimes: p.Runtimes, Observe: p.Observe,
		Watch: glovebox.WatchPolicy(p.Watch), Profile: (*glovebox.Profile)(p.Profile)}
	for _, r := range p.Egress {
		d.Egress = append(d.Egress, glovebox.EgressRule(r))
	}
	for _, s := range p.Secrets {
		d.Secrets = append(d.Secrets, glovebox.SecretUse(s))
	}
	return &d
}

// PolicyLine is a decision about one part of a job.
type PolicyLine struct {
	Field   string `json:"field" example:"policy.egress[0]"`
	What    string `json:"what" doc:"For people"`
	Verdict string `json:"verdict" enum:"within,beyond,signed,trusted" doc:"The tenant's policy allows it; it does not; it does not and people signed; it does not and the local operator asked"`
	By      string `json:"by,omitempty" doc:"The part of the tenant's policy, or who, that decided"`
	Why     string `json:"why,omitempty" doc:"What goes beyond the tenant's policy"`
}

// TenantPolicy is the answer of GET and PUT /v1/tenant/policy.
type TenantPolicy struct {
	Tenant string `json:"tenant"`
	Policy Policy `json:"policy" doc:"The most that a job gets without a signed approval"`
}

// JobPolicy is the answer of GET and PATCH /v1/jobs/{id}/policy.
type JobPolicy struct {
	Job       string       `json:"jobID"`
	Policy    Policy       `json:"policy" doc:"That holds now"`
	Revision  int64        `json:"revision" doc:"Grows with every change; the ETag"`
	Admission []PolicyLine `json:"admission" nullable:"false" doc:"What decided, line by line"`
}

// PolicyCheck is the body of POST /v1/policy/check.
type PolicyCheck struct {
	Policy Policy `json:"policy"`
}

// PolicyChecked is the answer: what the policy means, and whether the caller's
// tenant lets a job have it.
type PolicyChecked struct {
	Policy        Policy       `json:"policy" doc:"With every default filled in"`
	Explained     []string     `json:"explained" nullable:"false" doc:"What it allows and what not, in words"`
	Lines         []PolicyLine `json:"lines" nullable:"false" doc:"Whether the tenant's policy covers it, line by line"`
	NeedsApproval bool         `json:"needsApproval" doc:"A job with it has to be signed"`
	NeedsAdmin    bool         `json:"needsAdmin" doc:"By an admin"`
}
