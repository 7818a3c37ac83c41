package own

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"glovebox"
	"glovebox/client"
	"glovebox/e2e/bench/rival"
	"glovebox/e2e/box"
	"glovebox/e2e/softkey"
)

// Service is a glovebox that keeps sandboxes of one kind, and somebody who is
// logged in there.
type Service struct {
	Box    *box.Box
	Kind   Kind
	Client *client.Client
}

// Start starts one, which ends with t, and has it unpack the images. A service
// with a pool has one more for jobs with a network. It is an error if the kind is
// not to be had.
func Start(t box.T, kind Kind, images []rival.Image) (*Service, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	args, err := arguments(ctx, filepath.Join(box.BinDir(t), "glovebox"), kind)
	if err != nil {
		return nil, err
	}
	b := box.New(t)
	at := b.StartPublic(args...)
	s := &Service{Box: b, Kind: kind}
	if s.Client, err = logIn(ctx, at); err != nil {
		return nil, err
	}
	if err := s.allow(); err != nil {
		return nil, err
	}
	for _, img := range images {
		b.Must("image", "import", img.Archive)
		if _, err := s.submit(ctx, glovebox.Spec{Image: img.Ref, Cmd: img.Args}, img.Want, client.Archived); err != nil {
			return nil, fmt.Errorf("the first job of %s: %w", img.Name, err)
		}
		if kind == Template {
			b.Must("template", "create", img.Name, "--image", img.Ref, "--min", "4", "--max", "32")
		}
	}
	if kind != Cold && len(images) > 0 { // the first one is why others are parked
		spec := glovebox.Spec{Image: images[0].Ref, Cmd: images[0].Args}
		Networked(&spec)
		if _, err := s.submit(ctx, spec, images[0].Want, client.Archived); err != nil {
			return nil, fmt.Errorf("the first job with a network: %w", err)
		}
	}
	_, err = s.settle(ctx)
	return s, err
}

// logIn makes the first admin with a passkey, who then agrees to a program with
// a key of its own: the client that is returned.
func logIn(ctx context.Context, at box.Public) (*client.Client, error) {
	ca, err := os.ReadFile(at.CA)
	if err != nil {
		return nil, err
	}
	person, err := softkey.New(at.URL, ca)
	if err != nil {
		return nil, err
	}
	defer person.HTTP.CloseIdleConnections()
	if err := person.Enrol(ctx, at.FirstAdmin(), "Ada"); err != nil {
		return nil, err
	}
	const redirect = "http://127.0.0.1:1/callback"
	verifier := glovebox.NewID("verifier") + glovebox.NewID("verifier")
	hash := sha256.Sum256([]byte(verifier))
	var made struct {
		Code string `json:"code"`
	}
	err = person.Post(ctx, "/v1/me/cli-codes", map[string]any{
		"challenge": base64.RawURLEncoding.EncodeToString(hash[:]), "redirectURI": redirect, "name": "bench",
	}, &made)
	if err != nil {
		return nil, err
	}
	key, err := client.NewKey()
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(ca)
	c := client.New(client.Options{URL: at.URL, RootCAs: roots, Credential: client.Credential{Key: key}})
	_, err = c.RedeemCode(ctx, made.Code, verifier, redirect)
	return c, err
}
