package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"

	"glovebox"
	"glovebox/client"
)

// loginByBrowser has the person agree in the browser of this machine (PKCE,
// RFC 7636; RFC 8252 for the redirect).
func (a *app) loginByBrowser(ctx context.Context, c *client.Client, base string, f loginFlags) error {
	back, err := listenCallback()
	if err != nil {
		return err
	}
	defer back.close()
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	verifier := base64.RawURLEncoding.EncodeToString(secret)
	sum := sha256.Sum256([]byte(verifier))
	page := base + "/cli?" + url.Values{
		"challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "redirect_uri": {back.redirect},
		"state": {back.state}, "name": {f.name},
	}.Encode()
	if f.noBrowser || !a.open(page) {
		fmt.Fprintf(a.stderr, "open this page in a browser on this machine:\n\n  %s\n\n", page)
	} else {
		fmt.Fprintf(a.stderr, "your browser shows this page; if it does not, open it yourself:\n\n  %s\n\n", page)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, loginTime,
		glovebox.Errorf(glovebox.KindTimeout, "nobody agreed in the browser within %s", loginTime).Try("try again; on a machine without a browser: glovebox login --device"))
	defer cancel()
	code, err := back.wait(ctx)
	if err != nil {
		return err
	}
	_, err = c.RedeemCode(ctx, code, verifier, back.redirect)
	return withPublicURL(err, base)
}

// withPublicURL says what a refusal of a proof most often means: the server
// knows itself by another URL than the one that proofs were made for.
func withPublicURL(err error, base string) error {
	if glovebox.KindOf(err) != glovebox.KindUnauthorized {
		return err
	}
	e := glovebox.AsError(err)
	told := glovebox.Errorf(e.Kind, "%w", err)
	told.Hint = "try again; the URL must be the one that the server was given as its own, and is " + base + " it?"
	if e.Hint != "" {
		told.Hint = e.Hint + "; " + told.Hint
	}
	return told
}
