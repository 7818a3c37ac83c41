package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"

	"glovebox"
	"glovebox/client"
	"glovebox/identity"
)

type secretFlags struct {
	file    string
	domains []string
	any     bool
}

// setSecret replaces the secret that there is at this moment, or makes it.
func (a *app) setSecret(ctx context.Context, c *client.Client, name string, f secretFlags) error {
	if f.any && len(f.domains) > 0 {
		return glovebox.Errorf(glovebox.KindUsage, "both --domain and --any-domain").Try("use one of them")
	}
	value, err := a.readSecret(f.file)
	if err != nil {
		return err
	}
	defer clear(value)
	was, version, err := c.Secret(ctx, name)
	if err != nil && glovebox.KindOf(err) != glovebox.KindNotFound {
		return err
	}
	r := client.SecretRequest{Value: value, Domains: f.domains}
	if len(f.domains) == 0 && !f.any {
		r.Domains = was.Domains
	}
	r.Salt = make([]byte, 16)
	_, _ = rand.Read(r.Salt) // it never fails
	if c.Local() {
		_, err = c.PutSecret(ctx, name, r, version)
		return err
	}
	p, err := c.RequestSecretApproval(ctx, client.SecretChange{Name: name, Domains: r.Domains, Value: identity.SecretHash(r.Salt, value)})
	if err != nil {
		return err
	}
	return a.whenSigned(ctx, c, p, func(approval string) error {
		_, err := c.PutSecretApproved(ctx, name, r, version, approval)
		return err
	})
}

// removeSecret removes one; who is not root of the machine signs that.
func (a *app) removeSecret(ctx context.Context, c *client.Client, name string) error {
	err := c.RemoveSecret(ctx, name, nil)
	if glovebox.KindOf(err) != glovebox.KindApproval {
		return err
	}
	p, err := c.RequestSecretApproval(ctx, client.SecretChange{Name: name, Remove: true})
	if err != nil {
		return err
	}
	return a.whenSigned(ctx, c, p, func(approval string) error { return c.RemoveSecretApproved(ctx, name, approval) })
}

// readSecret reads a value. Programs that print one end it with a newline, which
// is hardly ever meant.
func (a *app) readSecret(file string) ([]byte, error) {
	var r io.Reader = a.stdin
	field := "stdin"
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, glovebox.Errorf(glovebox.KindInvalid, "read the value: %w", err).On("--from-file")
		}
		defer f.Close()
		r, field = f, "--from-file"
	} else if isTerminal(a.stdin) {
		return nil, glovebox.Errorf(glovebox.KindUsage, "the value is not typed at a terminal, which would show it").
			Try("pipe it in, or give its file with --from-file")
	}
	value, err := io.ReadAll(io.LimitReader(r, glovebox.MaxSecretBytes+2))
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "read the value: %w", err).On(field)
	}
	if file == "" {
		value = bytes.TrimSuffix(value, []byte("\n"))
	}
	switch n := len(value); {
	case n == 0:
		return nil, glovebox.Errorf(glovebox.KindInvalid, "the value is empty").On(field).Try("to have it no more: glovebox secret remove")
	case n > glovebox.MaxSecretBytes:
		return nil, glovebox.Errorf(glovebox.KindTooLarge, "the value is too long").On(field).Try("at most %d bytes", glovebox.MaxSecretBytes)
	}
	return value, nil
}
