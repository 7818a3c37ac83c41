package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

func (a *app) rulesCommand() *cobra.Command {
	var asJSON bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listRules(cmd, asJSON) }
	cmd := &cobra.Command{
		Use: "rules", Short: "List which CI jobs are let in, and change that in the browser", Args: noSuchCommand, RunE: list,
		Long: `List the trust rules of your tenant: which issuer's tokens let a CI job in, with
exactly which claims, and what it may do then. Adding and removing one take a
signature by your passkey, so they are done in the browser.`,
	}
	all := &cobra.Command{Use: "list", Aliases: []string{"ls"}, Short: "List trust rules", Args: takes(0, 0), RunE: list}
	for _, c := range []*cobra.Command{cmd, all} {
		c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	}
	cmd.AddCommand(all, a.ruleAddCommand(), a.browserCommand("rm [ID]", "Remove a trust rule, in the browser", "removing a rule", pageRules, 1))
	return cmd
}

func (a *app) ruleAddCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use: "add --file FILE", Short: "Add a trust rule, in the browser", Args: takes(0, 0),
		Long: `Read a trust rule (JSON) and show the console's page to sign it, with its form
filled in. The rule stands in the URL behind the #, which browsers do not send
anywhere. The form of the file is checked here; what it says, before it is signed.
The exit code says that nothing has been done yet.`,
		Example: `  {"name": "app, main branch", "issuer": "https://token.actions.githubusercontent.com",
   "audience": "https://glovebox.example.org:8443",
   "claims": {"repository_id": "1296269", "repository_owner_id": "583231", "ref": "refs/heads/main"},
   "actions": ["job.submit", "job.read"], "seconds": 900}`,
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return glovebox.Errorf(glovebox.KindUsage, "which rule?").Try("give its file with --file")
			}
			r, err := readRule(file)
			if err != nil {
				return err
			}
			if r.Claims == nil {
				r.Claims = map[string]string{} // for the page has no null
			}
			r.Actions = orEmpty(r.Actions)
			filled, err := json.Marshal(r)
			if err != nil {
				return glovebox.Errorf(glovebox.KindInternal, "write JSON: %w", err)
			}
			return a.inBrowser("adding a rule", pageRules+"="+base64.RawURLEncoding.EncodeToString(filled))
		},
	}
	cmd.Flags().StringVar(&file, "file", "", "file with the rule, JSON")
	return cmd
}

// readRule reads a rule as strictly as the server will.
func readRule(path string) (client.RuleRequest, error) {
	var r client.RuleRequest
	b, err := os.ReadFile(path)
	if err != nil {
		return r, glovebox.Errorf(glovebox.KindInvalid, "read the rule: %w", err).On("--file")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil || d.More() {
		if err == nil {
			err = fmt.Errorf("something follows the rule")
		}
		return r, glovebox.Errorf(glovebox.KindMalformed, "%s is not a rule: %w", path, err).On("--file").Try("see: glovebox rules add --help")
	}
	if r.Signature != nil {
		return r, glovebox.Errorf(glovebox.KindUnknownField, "a signature is made in the browser").On("signature").Try("leave it out")
	}
	return r, nil
}

func (a *app) listRules(cmd *cobra.Command, asJSON bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Rules(cmd.Context())
	if err != nil {
		return err
	}
	if asJSON {
		return printJSON(a.stdout, orEmpty(all))
	}
	var rows [][]string
	for _, r := range all {
		var claims []string
		for _, name := range slices.Sorted(maps.Keys(r.Claims)) {
			claims = append(claims, name+"="+r.Claims[name])
		}
		rows = append(rows, []string{r.ID, r.Name, r.Issuer, strings.Join(claims, " "), strings.Join(r.Actions, " "), fmt.Sprintf("%ds", r.Seconds)})
	}
	return printTable(a.stdout, []string{"RULE", "NAME", "ISSUER", "CLAIMS", "MAY", "FOR"}, rows)
}
