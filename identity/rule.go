package identity

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"glovebox"
)

const rulePrefix = "rul_"

// TrustRule lets a workload in that has a token of an issuer with exactly
// these claims. Rules are never changed, only removed and written anew, so a
// session's rule is the one that it was opened under.
type TrustRule struct {
	ID       string            `json:"id"`
	Tenant   string            `json:"tenant"`
	Name     string            `json:"name"`
	Issuer   string            `json:"issuer"`
	Audience string            `json:"audience"` // this installation's URL, or a path under it
	Claims   map[string]string `json:"claims"`   // exact values; numbers in digits
	Actions  []Action          `json:"actions"`
	Seconds  int               `json:"seconds"` // life of a session; at most 900
	Created  time.Time         `json:"created"`
	By       string            `json:"by"`
}

func (r TrustRule) principal() glovebox.Principal {
	return glovebox.Principal{Kind: PrincipalWorkload, Name: "workload:" + r.ID, Tenant: r.Tenant}
}

// forge is a kind of issuer that gives tokens to everybody who has an account
// there. Names can be taken over or look alike, so rules pin what cannot be:
// every numeric id, and one claim that says which of the project's jobs.
type forge struct {
	match   func(r TrustRule, host, path string) bool
	numeric []string
	oneOf   []string
}

var forges = []forge{{
	match: func(r TrustRule, host, path string) bool {
		return host == "token.actions.githubusercontent.com" || strings.Contains(path, "/_services/token") ||
			has(r, "repository") || has(r, "repository_id") || has(r, "repository_owner") || has(r, "repository_owner_id")
	},
	numeric: []string{"repository_id", "repository_owner_id"},
	oneOf:   []string{"ref", "environment", "job_workflow_ref"},
}, {
	match: func(r TrustRule, host, path string) bool {
		return host == "gitlab.com" || has(r, "project_path") || has(r, "project_id") || has(r, "namespace_path") || has(r, "namespace_id")
	},
	numeric: []string{"project_id", "namespace_id"},
	oneOf:   []string{"ref", "environment", "job_workflow_ref", "ci_config_ref_uri"},
}}

func has(r TrustRule, claim string) bool { _, ok := r.Claims[claim]; return ok }

// check refuses rules that would let in whom nobody meant. home is this
// installation's URL.
func (r TrustRule) check(home string) error {
	if err := checkName("name", r.Name); err != nil {
		return err
	}
	bad := func(field, format string, args ...any) error {
		return glovebox.Errorf(glovebox.KindInvalid, format, args...).On(field)
	}
	u, err := url.Parse(r.Issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || len(r.Issuer) > 500 {
		return bad("issuer", "an issuer is an https URL without query")
	}
	if r.Audience != home && !strings.HasPrefix(r.Audience, home+"/") {
		return glovebox.Errorf(glovebox.KindInvalid, "an audience that others use too lets their tokens in").On("audience").
			Try("use %s or something under it", home)
	}
	if r.Seconds < 1 || r.Seconds > int(workloadLife/time.Second) {
		return bad("seconds", "a session of a workload lasts 1 to %d seconds", int(workloadLife/time.Second))
	}
	if len(r.Actions) == 0 {
		return bad("actions", "a rule allows at least one action")
	}
	for _, a := range r.Actions {
		if g, ok := a.grant(); !ok || !g.workload {
			return bad("actions", "no workload can be allowed %q", a)
		}
	}
	return r.checkClaims(strings.ToLower(u.Hostname()), u.Path)
}

// timely are claims that every token has with values of its own; a rule over
// them says nothing about who holds it.
var timely = []string{"iss", "aud", "exp", "nbf", "iat", "jti"}

func (r TrustRule) checkClaims(host, path string) error {
	if len(r.Claims) == 0 || len(r.Claims) > 32 {
		return glovebox.Errorf(glovebox.KindInvalid, "a rule without claims lets everybody in that the issuer knows").On("claims")
	}
	for name, value := range r.Claims {
		field := "claims." + name
		switch {
		case name == "" || slices.Contains(timely, name) || len(name) > 100 || len(value) > 500:
			return glovebox.Errorf(glovebox.KindInvalid, "a rule cannot be about this claim").On(field)
		case value == "" || strings.ContainsAny(value, "*?"):
			return glovebox.Errorf(glovebox.KindInvalid, "claims are compared whole: there are no wildcards").On(field)
		}
	}
	for _, f := range forges {
		if f.match(r, host, path) {
			return r.checkForge(f)
		}
	}
	if !has(r, "sub") {
		return glovebox.Errorf(glovebox.KindInvalid, "a rule for this issuer says whose token it is").On("claims.sub")
	}
	return nil
}

func (r TrustRule) checkForge(f forge) error {
	for _, name := range f.numeric {
		if v := r.Claims[name]; v == "" || strings.Trim(v, "0123456789") != "" {
			return glovebox.Errorf(glovebox.KindInvalid, "a rule for this issuer pins this numeric id, because names can be taken over").On("claims." + name)
		}
	}
	if !slices.ContainsFunc(f.oneOf, func(name string) bool { return has(r, name) }) {
		return glovebox.Errorf(glovebox.KindInvalid, "a rule for this issuer pins one of %s, else every branch gets in", strings.Join(f.oneOf, ", ")).On("claims")
	}
	return nil
}
