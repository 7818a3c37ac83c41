package main

import (
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"glovebox"
	"glovebox/client"
)

// maxOIDCToken is more than any token has.
const maxOIDCToken = 16 << 10

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Let a CI job in without a secret", Args: noSuchCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.tokenExchangeCommand())
	return cmd
}

type exchangeFlags struct {
	url, rule, file, ca string
	json                bool
}

func (a *app) tokenExchangeCommand() *cobra.Command {
	var f exchangeFlags
	cmd := &cobra.Command{
		Use: "exchange --rule ID --token-file FILE", Short: "Try what a CI system's token is good for", Args: takes(0, 0),
		Long: `Exchange a CI system's token (OpenID Connect) for a short session, say who the
session is and what it may do (if the rule allows self.read), and end it. This
shows whether a trust rule fits.

A CI job needs no such step. With these variables set, every command, such as
glovebox run, exchanges the token first, with a key that is made for it and
never leaves the process; nothing is written to disk:

  GLOVEBOX_URL         the server
  GLOVEBOX_RULE        id of the trust rule; see glovebox rules
  GLOVEBOX_OIDC_TOKEN  the token; it is taken once, so get one for each command
  GLOVEBOX_CA          file of the server's CA, if it has one of its own`,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.exchange(cmd, f) },
	}
	fs := cmd.Flags()
	fs.StringVar(&f.url, "url", "", "the server (default $GLOVEBOX_URL, or that of the context)")
	fs.StringVar(&f.rule, "rule", "", "id of the trust rule (default $GLOVEBOX_RULE)")
	fs.StringVar(&f.file, "token-file", "", "file with the token, - for stdin (default $GLOVEBOX_OIDC_TOKEN)")
	fs.StringVar(&f.ca, "ca", "", "file with the certificate of the server's CA, PEM (default $GLOVEBOX_CA)")
	fs.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

func (a *app) exchange(cmd *cobra.Command, f exchangeFlags) error {
	token, err := a.readToken(f.file)
	if err != nil {
		return err
	}
	// The flags are another spelling of the environment, for this command alone.
	env := map[string]string{envURL: f.url, envRule: f.rule, envCA: f.ca, envToken: token}
	if env[envURL] == "" && a.getenv(envURL) == "" {
		if t, err := a.target(); err == nil {
			env[envURL] = t.context.URL
		}
	}
	job := *a
	job.getenv = func(name string) string {
		if v := env[name]; v != "" {
			return v
		}
		return a.getenv(name)
	}
	t, err := job.workload()
	if err != nil {
		return err
	}
	c := t.client(10 * time.Second)
	defer c.Close()
	opened, err := c.Token(cmd.Context())
	if err != nil {
		return err
	}
	me, err := c.Me(cmd.Context())
	if glovebox.KindOf(err) == glovebox.KindDenied {
		// A rule need not allow self.read; what is known without is the session.
		me, err = client.Me{Kind: "workload", DisplayName: opened.Session.Name, Session: &opened.Session, Actions: []string{}, NeedSignature: []string{}}, nil
	}
	if err != nil {
		return err
	}
	if err := c.Logout(cmd.Context()); err != nil {
		return glovebox.Errorf(glovebox.KindOf(err), "the session could not be ended: %w", err)
	}
	if f.json {
		return printJSON(a.stdout, me)
	}
	return a.printMe(t, me)
}

// readToken reads a token from where it is said to be.
func (a *app) readToken(file string) (string, error) {
	text := a.getenv(envToken)
	var r io.Reader = strings.NewReader(text)
	switch file {
	case "":
	case "-":
		r = a.stdin
	default:
		f, err := os.Open(file)
		if err != nil {
			return "", glovebox.Errorf(glovebox.KindInvalid, "read the token: %w", err).On("--token-file")
		}
		defer f.Close()
		r = f
	}
	b, err := io.ReadAll(io.LimitReader(r, maxOIDCToken+1))
	if err != nil {
		return "", glovebox.Errorf(glovebox.KindInvalid, "read the token: %w", err).On("--token-file")
	}
	if text = strings.TrimSpace(string(b)); text == "" || len(b) > maxOIDCToken {
		return "", glovebox.Errorf(glovebox.KindUsage, "there is no token").Try("give its file with --token-file, or set %s", envToken)
	}
	return text, nil
}
