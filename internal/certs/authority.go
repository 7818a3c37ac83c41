package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"glovebox"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	skew          = time.Hour // clocks of callers may be behind ours by so much

	authorityFile = "ca.pem"
	keyFile       = "ca.key"
)

// Authority signs the server's certificate. Its own is bound to the names that
// it was made for, so whoever steals its key can pass for this installation and
// for nobody else.
type Authority struct {
	PEM  []byte // its certificate, for callers to trust
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// OpenAuthority reads the authority in dir, or makes one there for hosts; fresh
// says which. dir must belong to root; the key in it is for the owner alone.
// KindConflict if the one that is there was made for other hosts, KindInvalid
// if it cannot be read.
func OpenAuthority(dir string, hosts []string, now time.Time) (a *Authority, fresh bool, err error) {
	a, err = readAuthority(dir)
	if errors.Is(err, fs.ErrNotExist) {
		a, err = makeAuthority(dir, hosts, now)
		return a, true, err
	}
	if err != nil {
		return nil, false, glovebox.Errorf(glovebox.KindInvalid, "the local authority in %s cannot be used: %w", dir, err).
			Try("remove the folder to have a new one made; every caller must trust it anew")
	}
	for _, host := range hosts {
		if !a.mayIssue(host) {
			return nil, false, glovebox.Errorf(glovebox.KindConflict, "the local authority in %s was made for %s, not for %q", dir, strings.Join(a.cert.PermittedDNSDomains, ", "), host).
				Try("use the name of the first start, to which passkeys are bound too; or remove the folder, and have every caller trust a new authority")
		}
	}
	return a, false, nil
}

// File is where the authority's certificate lies below its folder.
func File(dir string) string { return filepath.Join(dir, authorityFile) }

// Fingerprint is the SHA-256 of the certificate, as browsers show it.
func (a *Authority) Fingerprint() string {
	sum := sha256.Sum256(a.cert.Raw)
	var pairs []string
	for _, b := range sum {
		pairs = append(pairs, strings.ToUpper(hex.EncodeToString([]byte{b})))
	}
	return strings.Join(pairs, ":")
}

func readAuthority(dir string) (*Authority, error) {
	certPEM, err := os.ReadFile(File(dir))
	if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return nil, err
	}
	a := &Authority{PEM: certPEM}
	if a.cert, a.key, err = parse(certPEM, keyPEM); err != nil {
		return nil, err
	}
	return a, nil
}

func makeAuthority(dir string, hosts []string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "make a key: %w", err)
	}
	names, addresses := split(hosts)
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "Glovebox local authority for " + hosts[0]},
		NotBefore: now.Add(-skew), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage:                    x509.KeyUsageCertSign,
		PermittedDNSDomainsCritical: true, PermittedDNSDomains: names, PermittedIPRanges: ranges(addresses),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "make the local authority: %w", err)
	}
	certPEM, keyPEM, err := encode(der, key)
	if err != nil {
		return nil, err
	}
	// The key first: a certificate without one could not be repaired.
	if err := write(filepath.Join(dir, keyFile), keyPEM, 0o600); err != nil {
		return nil, err
	}
	if err := write(File(dir), certPEM, 0o644); err != nil {
		return nil, err
	}
	return readAuthority(dir)
}

// mayIssue says whether the authority's own certificate allows a host.
func (a *Authority) mayIssue(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		for _, r := range a.cert.PermittedIPRanges {
			if r.Contains(ip) {
				return true
			}
		}
		return false
	}
	for _, name := range a.cert.PermittedDNSDomains {
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}
