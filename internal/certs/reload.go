package certs

import (
	"crypto/tls"
	"os"
	"sync"
	"time"

	"glovebox"
)

// lookEvery is how old what a Reloader knows of its files may be.
const lookEvery = 10 * time.Second

// Reloader serves a certificate from two PEM files and notices when they are
// replaced. While what is there cannot be used, it goes on with what it has.
type Reloader struct {
	cert, key string
	now       func() time.Time

	mu     sync.Mutex
	looked time.Time
	stamp  [2]time.Time // of the files when they were read
	have   *tls.Certificate
}

// NewReloader reads the files for the first time. KindInvalid, with what is
// wrong with them.
func NewReloader(cert, key string, now func() time.Time) (*Reloader, error) {
	r := &Reloader{cert: cert, key: key, now: now}
	if err := r.look(); err != nil {
		return nil, glovebox.Errorf(glovebox.KindInvalid, "the server's certificate: %w", err).On("--tls-cert").
			Try("give a PEM file with the certificate and its chain, and one with its key")
	}
	return r, nil
}

// GetCertificate is for tls.Config.
func (r *Reloader) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := r.now(); now.Sub(r.looked) >= lookEvery {
		_ = r.look() // what is half written now is whole next time
	}
	return r.have, nil
}

func (r *Reloader) look() error {
	r.looked = r.now()
	var stamp [2]time.Time
	for i, path := range []string{r.cert, r.key} {
		st, err := os.Stat(path)
		if err != nil {
			return err
		}
		stamp[i] = st.ModTime()
	}
	if r.have != nil && stamp == r.stamp {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(r.cert, r.key)
	if err != nil {
		return err
	}
	r.have, r.stamp = &pair, stamp
	return nil
}
