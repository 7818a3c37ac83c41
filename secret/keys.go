package secret

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"

	"filippo.io/age"

	"glovebox"
	"glovebox/internal/keyfile"
)

// Keys is a Sealer whose keys are X25519 identities in a file, one a line, the
// newest last: a file that the age program reads, too. It is as good as the
// secrets, so it is its owner's alone; a copy of the store without it is worth
// nothing.
type Keys struct {
	path string
	mu   sync.RWMutex
	all  []*age.X25519Identity // the newest last, at least one
}

// OpenKeys reads the file, or makes it with one key if it is not there.
// KindUnavailable on "keys" for a file that others may read or that makes no
// sense.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{path: path}
	text, err := keyfile.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return k, k.Renew(context.Background())
	case err != nil:
		return nil, unusable(path, err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		identity, err := age.ParseX25519Identity(line)
		if err != nil {
			return nil, unusable(path, errors.New("a line of it is no key")) // not err: it may quote the line
		}
		k.all = append(k.all, identity)
	}
	if len(k.all) == 0 {
		return nil, unusable(path, errors.New("there is no key in it"))
	}
	return k, nil
}

func unusable(path string, err error) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "the keys of secrets in %s cannot be used: %w", path, err).On("keys").
		Try("restore the file, of mode 0600, from where you keep it safe")
}

// Key implements Sealer: the public half.
func (k *Keys) Key() string { return k.newest().Recipient().String() }

func (k *Keys) newest() *age.X25519Identity {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.all[len(k.all)-1]
}

// Seal implements Sealer.
func (k *Keys) Seal(_ context.Context, plain []byte) ([]byte, string, error) {
	to := k.newest().Recipient()
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, to)
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, "", glovebox.Errorf(glovebox.KindInternal, "seal a secret: %w", err)
	}
	return sealed.Bytes(), to.String(), nil
}

// Open implements Sealer.
func (k *Keys) Open(_ context.Context, sealed []byte) ([]byte, error) {
	k.mu.RLock()
	identities := make([]age.Identity, 0, len(k.all))
	for i := len(k.all) - 1; i >= 0; i-- {
		identities = append(identities, k.all[i])
	}
	k.mu.RUnlock()
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	if err == nil {
		var plain []byte
		if plain, err = io.ReadAll(r); err == nil {
			return plain, nil
		}
	}
	if _, none := errors.AsType[*age.NoIdentityMatchError](err); none {
		return nil, glovebox.Errorf(glovebox.KindUnavailable, "the key that it was sealed with is not in %s", k.path).
			Try("restore that file, or set the secret again")
	}
	return nil, glovebox.Errorf(glovebox.KindUnavailable, "what is stored of it was damaged or changed: %v", err).Try("set the secret again")
}

// Renew implements Sealer. The new key is on the disk before it is used.
func (k *Keys) Renew(context.Context) error {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "make a key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var text strings.Builder
	text.WriteString("# keys of secrets, the newest last; who has this file and the store can read them all\n")
	all := append(k.all[:len(k.all):len(k.all)], identity)
	for _, i := range all {
		text.WriteString(i.String() + "\n")
	}
	if err := keyfile.Replace(k.path, text.String()); err != nil {
		return glovebox.Errorf(glovebox.KindUnavailable, "keep the keys of secrets: %w", err).On("keys").Try("see whether there is room in %s", filepath.Dir(k.path))
	}
	k.all = all
	return nil
}
