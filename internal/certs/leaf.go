package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"time"

	"glovebox"
)

// leafLife is what browsers accept at most, less a day.
const leafLife = 397 * 24 * time.Hour

// Issue makes a server certificate for hosts, names or addresses, and its key,
// both in PEM; the authority's certificate follows the server's.
func (a *Authority) Issue(hosts []string, now time.Time) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, glovebox.Errorf(glovebox.KindInternal, "make a key: %w", err)
	}
	names, addresses := split(hosts)
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: hosts[0]}, DNSNames: names, IPAddresses: addresses,
		NotBefore: now.Add(-skew), NotAfter: now.Add(leafLife), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, nil, glovebox.Errorf(glovebox.KindInternal, "issue a certificate: %w", err)
	}
	certPEM, keyPEM, err = encode(der, key)
	return append(certPEM, a.PEM...), keyPEM, err
}

// Fits says whether a certificate and its key belong together, are for all
// hosts, come from the authority, and last for another third of their life.
func (a *Authority) Fits(certPEM, keyPEM []byte, hosts []string, now time.Time) bool {
	cert, _, err := parse(certPEM, keyPEM)
	if err != nil || cert.CheckSignatureFrom(a.cert) != nil || now.Before(cert.NotBefore) || cert.NotAfter.Sub(now) < leafLife/3 {
		return false
	}
	for _, h := range hosts {
		if cert.VerifyHostname(h) != nil {
			return false
		}
	}
	return true
}
