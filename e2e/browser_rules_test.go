package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"glovebox/e2e/browser"
)

// ruleLink is the address that `glovebox rules add` prints for a rule.
func (j *journey) ruleLink(rule string) string {
	return j.site.url + "/#rules=" + base64.RawURLEncoding.EncodeToString([]byte(rule))
}

// rules has the admin sign a rule that a link carries, with what was wrong with
// it told at its fields, and remove it.
func (j *journey) rules() {
	w := j.admin
	name, err := json.Marshal(hostile)
	if err != nil {
		j.t.Fatal(err)
	}
	const rest = `"issuer": "https://token.actions.githubusercontent.com", "audience": "https://elsewhere.example",
		"claims": {"repository_id": "octocat/app", "ref": "refs/heads/main"}, "actions": ["job.submit", "image.add"], "seconds": 600}`
	w.Click("#logout")
	w.At("/login")
	w.Go(j.ruleLink(`{"name": ` + string(name) + `, ` + rest))
	w.At("/login?next=%2F") // and what the link carries is not sent along
	w.Press("Sign in with a passkey")
	w.At("/")
	w.See("A link filled in this form", "on the branch main", "submit jobs and bring images, for 10 minutes", "No CI job gets in.")
	if at := browser.Value[string](w, "location.href"); at != j.site.url+"/#rules" {
		j.t.Errorf("the rule is still in the address: %s", at)
	}
	refused := func(field, why string) {
		w.Press("Add the rule")
		w.See(why)
		w.Until(fmt.Sprintf(`document.activeElement.name === %q && document.activeElement.ariaInvalid === "true"`, field), "to be at "+field)
	}
	refused("claims.repository_id", "names can be taken over by others")
	w.Type(`[name="claims.repository_id"]`, "1296269")
	refused("audience", "An audience that others use too lets their tokens in")
	w.Type("#rule-audience", j.site.url)
	refused("claims.repository_owner_id", "pins this numeric id") // which the form did not have
	w.Type(`[name="claims.repository_owner_id"]`, "583231")
	w.Press("Add the rule")
	w.See("Let CI jobs in by a rule called "+hostile, "of the repository with the number 1296269, whose owner has the number 583231, on the branch main gets in",
		"Jobs of pull requests stay out.")
	w.Press("Sign with a passkey")
	w.See("What the jobs need", "GLOVEBOX_URL: "+j.site.url, "GLOVEBOX_RULE: rul_")
	w.Press("Done")
	rules := fetched(w, "GET", "/v1/rules", "", "undefined")["rules"].([]any)
	if len(rules) != 1 || rules[0].(map[string]any)["seconds"] != 600.0 || rules[0].(map[string]any)["name"] != hostile {
		j.t.Errorf("rules: %v", rules)
	}
	j.bob.Go(j.site.url + "/#rules")
	j.bob.See("Your role does not let you do this.")
	w.Click("#rule-list .remove")
	w.See("Keep CI jobs out", "end the sessions that it gave")
	w.Press("Sign with a passkey")
	w.See("is removed.", "No CI job gets in.")

	whole := `{"name": "x", ` + rest
	for _, bad := range []string{
		"", "[]", "null", whole[:len(whole)-9], whole + "{}", strings.Replace(whole, "600", "901", 1), strings.Replace(whole, "600", `"600"`, 1),
		strings.Replace(whole, "image.add", "rule.write", 1), strings.Replace(whole, `"name": "x",`, "", 1), strings.Replace(whole, `"x",`, `"x", "signature": {},`, 1),
		strings.Replace(whole, `"octocat/app"`, "1", 1), strings.Replace(whole, "octocat", "\xff", 1),
	} {
		browser.Value[any](w, `void document.getElementById("notice").replaceChildren()`)
		w.Go(j.ruleLink(bad))
		w.See("The rule in this address is not one")
	}
	if open := browser.Value[bool](w, `document.getElementById("rule-add").open`); open {
		j.t.Error("a link that carries no rule opened the form")
	}
	w.Go(j.ruleLink(strings.Replace(whole, "token.actions.githubusercontent.com", "tokens.elsewhere.example", 1)))
	w.See("Every job of tokens.elsewhere.example of the repository") // which is not GitHub, whatever the claims
}
