package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"time"

	"glovebox"
	"glovebox/internal/certs"
	"glovebox/internal/instance"
)

// certsEvery is how often it is looked whether control needs another
// certificate.
const certsEvery = time.Minute

// serverCerts gives control the certificate that it serves, and another one in
// time: a copy of the operator's files, or one of the local authority.
type serverCerts struct {
	inst  *instance.Instance
	flags publicFlags
	hosts []string // of a certificate that we make
	given [2][]byte

	authority *certs.Authority
	fresh     bool // the authority was made by this start
}

// newServerCerts gives control its first certificate.
func newServerCerts(inst *instance.Instance, f publicFlags, at *url.URL, now time.Time) (*serverCerts, error) {
	c := &serverCerts{inst: inst, flags: f, hosts: []string{at.Hostname()}}
	if f.cert == "" {
		for _, h := range []string{"localhost", "127.0.0.1", "::1"} {
			if !slices.Contains(c.hosts, h) {
				c.hosts = append(c.hosts, h)
			}
		}
		var err error
		if c.authority, c.fresh, err = certs.OpenAuthority(inst.TLS(), c.hosts, now); err != nil {
			return nil, err
		}
	}
	return c, c.give(now)
}

// give replaces control's certificate if it is not the right one.
func (c *serverCerts) give(now time.Time) error {
	cert, key, err := c.wanted(now)
	if err != nil || bytes.Equal(cert, c.given[0]) && bytes.Equal(key, c.given[1]) {
		return err
	}
	if err := c.inst.GiveCertificate(cert, key); err != nil {
		return err
	}
	c.given = [2][]byte{cert, key}
	return nil
}

func (c *serverCerts) wanted(now time.Time) (cert, key []byte, err error) {
	if c.authority == nil {
		if cert, err = os.ReadFile(c.flags.cert); err != nil {
			return nil, nil, glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--tls-cert")
		}
		if key, err = os.ReadFile(c.flags.key); err != nil {
			return nil, nil, glovebox.Errorf(glovebox.KindInvalid, "%w", err).On("--tls-key")
		}
		return cert, key, nil
	}
	cert, key = c.inst.Certificate() // absent: it does not fit
	if c.authority.Fits(cert, key, c.hosts, now) {
		return cert, key, nil
	}
	return c.authority.Issue(c.hosts, now)
}

// keep looks again until ctx ends.
func (c *serverCerts) keep(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(certsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if err := c.give(now); err != nil {
				log.Warn("the certificate stays as it is", "why", err)
			}
		}
	}
}

// introduce tells the operator of a local authority, at its first start with
// what callers need to trust it.
func (c *serverCerts) introduce() string {
	if c.authority == nil {
		return ""
	}
	file := certs.File(c.inst.TLS())
	if !c.fresh {
		return fmt.Sprintf("callers trust the local authority %s\n", file)
	}
	return fmt.Sprintf("a local authority was made for this machine; callers must trust it once:\n  %s\n  SHA-256 %s\n%s",
		file, c.authority.Fingerprint(), c.authority.PEM)
}
