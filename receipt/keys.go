package receipt

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"sync"

	"glovebox"
	"glovebox/internal/keyfile"
)

// Keys signs receipts with a key in a file, and remembers the public halves of
// those before it, so that old receipts can be checked for ever. The file is
// PEM: public keys of before, then one private key. Of a key that was replaced
// the private half is nowhere any more.
type Keys struct {
	path    string
	mu      sync.RWMutex
	before  []Key
	private ed25519.PrivateKey
}

// OpenKeys reads the file, or makes it with one key if it is not there.
// KindUnavailable on "receipt.keys" for a file that others may read or that
// makes no sense.
func OpenKeys(path string) (*Keys, error) {
	k := &Keys{path: path}
	text, err := keyfile.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		_, err := k.Renew(context.Background())
		return k, err
	case err != nil:
		return nil, unusable(path, err)
	}
	blocks, ok := blocksOf(text)
	if !ok || len(blocks) == 0 {
		return nil, unusable(path, errors.New("there are not only keys in it"))
	}
	last := len(blocks) - 1
	if last > 0 {
		var all bytes.Buffer
		for _, b := range blocks[:last] {
			all.Write(block(b.Type, b.Bytes))
		}
		if k.before, err = ParseKeys(all.Bytes()); err != nil {
			return nil, unusable(path, errors.New("what is before the last key in it are no public keys"))
		}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(blocks[last].Bytes)
	if k.private, ok = parsed.(ed25519.PrivateKey); err != nil || !ok || blocks[last].Type != pemPrivate {
		return nil, unusable(path, errors.New("the last key in it is no private key")) // not err: it may quote the key
	}
	return k, nil
}

func unusable(path string, err error) error {
	return glovebox.Errorf(glovebox.KindUnavailable, "the keys of receipts in %s cannot be used: %w", path, err).On("receipt.keys").
		Try("restore the file, of mode 0600, from where you keep it safe; or move it away, and a new key is made")
}

// Public lists the keys that receipts of this service are signed with, the one
// of now last.
func (k *Keys) Public() []Key {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return append(slices.Clone(k.before), k.now())
}

// now is the public half of the key that signs; k.mu is held.
func (k *Keys) now() Key { return NewKey(k.private.Public().(ed25519.PublicKey)) }

// sign signs a message, and says which key did. The same message and key make
// the same signature.
func (k *Keys) sign(message []byte) (signature []byte, id string) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return ed25519.Sign(k.private, message), k.now().ID
}

// Renew makes a new key, which signs from then on, and forgets the private half
// of the one before. It is on the disk before it is used.
func (k *Keys) Renew(context.Context) (Key, error) {
	_, next, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, glovebox.Errorf(glovebox.KindInternal, "make a key: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	before := slices.Clone(k.before)
	if k.private != nil {
		before = append(before, k.now())
	}
	der, err := x509.MarshalPKCS8PrivateKey(next)
	if err != nil {
		return Key{}, glovebox.Errorf(glovebox.KindInternal, "write a key: %w", err)
	}
	text := "# The last key signs receipts: who has it can make some. Those before are public.\n" + string(MarshalKeys(before)) + string(block(pemPrivate, der))
	if err := keyfile.Replace(k.path, text); err != nil {
		return Key{}, glovebox.Errorf(glovebox.KindUnavailable, "keep the key of receipts: %w", err).On("receipt.keys").
			Try("see whether there is room in %s", filepath.Dir(k.path))
	}
	k.before, k.private = before, next
	return k.now(), nil
}
