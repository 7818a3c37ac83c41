package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
	"glovebox/policy"
)

func (a *app) policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "policy", Short: "Say what jobs may touch, and see what that means", Args: noSuchCommand,
		Long: `A policy says what a job may touch: where it may connect to, and which secrets it
is given. Without one it touches nothing. A tenant's policy is the most that its
jobs get without a signed approval; see docs/policy.md.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.policyCheckCommand(), a.policySchemaCommand(), a.policyShowCommand(), a.policySetCommand(),
		a.policyApplyCommand(), a.policyLearnCommand(), a.policyDriftCommand())
	return cmd
}

// readPolicy reads a document; "-" is stdin.
func (a *app) readPolicy(path string) (glovebox.Policy, error) {
	var r io.Reader = a.stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return glovebox.Policy{}, glovebox.Errorf(glovebox.KindInvalid, "read the policy: %w", err).On("policy")
		}
		defer f.Close()
		r = f
	}
	data, err := io.ReadAll(io.LimitReader(r, glovebox.MaxPolicyBytes+1))
	if err != nil {
		return glovebox.Policy{}, glovebox.Errorf(glovebox.KindInvalid, "read %s: %w", path, err).On("policy")
	}
	p, err := policy.Parse(data)
	if err != nil {
		return p, err
	}
	return p, policy.Check(p, forbiddenAddress)
}

func (a *app) policySchemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "Print the JSON Schema of a policy document", Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := a.stdout.Write(policy.Schema)
			return err
		},
	}
}

func (a *app) policyCheckCommand() *cobra.Command {
	var tenant, asJSON bool
	cmd := &cobra.Command{
		Use: "check FILE", Short: "Explain a policy, line by line", Args: takes(1, 1),
		Long: `Check a policy document (YAML or JSON, - for stdin) and say line by line what it
allows and what it does not. With --tenant it also says of each line whether your
tenant's policy covers it or a signed job is needed; only then a server is asked.`,
		Example: "  glovebox policy check --tenant job.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.readPolicy(args[0])
			if err != nil {
				return err
			}
			checked := client.PolicyChecked{Explained: policy.Explain(p)}
			if tenant {
				if checked, err = a.checkWithTenant(cmd, p); err != nil {
					return err
				}
			}
			if asJSON {
				if !tenant {
					return printJSON(a.stdout, map[string]any{"policy": p, "explained": checked.Explained})
				}
				return printJSON(a.stdout, checked)
			}
			return a.printChecked(checked, tenant)
		},
	}
	cmd.Flags().BoolVar(&tenant, "tenant", false, "hold it against the tenant's policy, too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) checkWithTenant(cmd *cobra.Command, p glovebox.Policy) (client.PolicyChecked, error) {
	c, err := a.client()
	if err != nil {
		return client.PolicyChecked{}, err
	}
	defer c.Close()
	return c.CheckPolicy(cmd.Context(), p)
}

func (a *app) printChecked(checked client.PolicyChecked, tenant bool) error {
	var b bytes.Buffer
	for _, l := range checked.Explained {
		fmt.Fprintln(&b, inert(l))
	}
	if tenant {
		b.WriteString("\n")
		for _, l := range checked.Lines {
			if l.Verdict == glovebox.PolicyWithin {
				fmt.Fprintf(&b, "%s: within the tenant's policy, by %s\n", l.Field, inert(l.By))
			} else {
				fmt.Fprintf(&b, "%s: needs a signed job: %s\n", l.Field, inert(l.Why))
			}
		}
		switch {
		case checked.NeedsAdmin:
			b.WriteString("A job with this policy has to be signed by an admin.\n")
		case checked.NeedsApproval:
			b.WriteString("A job with this policy has to be signed.\n")
		default:
			b.WriteString("A job with this policy needs no signature.\n")
		}
	}
	_, err := a.stdout.Write(b.Bytes())
	return err
}

func (a *app) policyShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show [JOB]", Short: "Show your tenant's policy, or the one that holds for a job", Args: takes(0, 1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			defer c.Close()
			if len(args) == 0 {
				t, _, err := c.TenantPolicy(cmd.Context())
				if err != nil {
					return err
				}
				return a.printPolicy(t, t.Policy, []string{"The policy of tenant " + inert(t.Tenant)}, asJSON)
			}
			id, err := jobID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			j, _, err := c.JobPolicy(cmd.Context(), id)
			if err != nil {
				return err
			}
			return a.printPolicy(j, j.Policy, admitted(j), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// admitted is what decided about a job's policy, as comments.
func admitted(j client.JobPolicy) []string {
	lines := []string{fmt.Sprintf("The policy of job %s, revision %d", inert(j.Job), j.Revision)}
	for _, l := range j.Admission {
		lines = append(lines, inert(fmt.Sprintf("%s: %s, %s %s", l.Field, l.What, l.Verdict, l.By)))
	}
	return lines
}

// printPolicy prints a document that can be given back.
func (a *app) printPolicy(whole any, p client.Policy, comments []string, asJSON bool) error {
	if asJSON {
		return printJSON(a.stdout, whole)
	}
	_, err := a.stdout.Write(policy.YAML(*p.Policy(), comments, nil))
	return err
}

// policyLines is what a job may touch, and what decided.
func policyLines(j client.Job) [][2]string {
	if j.Policy == nil && len(j.Admission) == 0 && len(j.Findings) == 0 {
		return nil
	}
	var lines [][2]string
	if p := j.Policy.Policy(); p != nil {
		for _, r := range p.Egress {
			lines = append(lines, [2]string{"allowed", policy.Rule(r)})
		}
		for _, s := range p.Secrets {
			lines = append(lines, [2]string{"given", policy.Use(s)})
		}
		if p.Observe {
			lines = append(lines, [2]string{"observed", "any public name"})
		}
		lines = append(lines, watchLines(*p)...)
	}
	for _, l := range j.Admission {
		lines = append(lines, [2]string{l.Verdict, l.Field + " by " + l.By})
	}
	if j.PolicyRevision > 0 {
		lines = append(lines, [2]string{"policy changed", fmt.Sprintf("%d times", j.PolicyRevision)})
	}
	for _, f := range j.Findings {
		lines = append(lines, [2]string{"finding", findingText(glovebox.Finding(f))})
	}
	return lines
}
