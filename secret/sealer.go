package secret

import "context"

// Sealer encrypts what is kept at rest. Keys is one; a key management service
// could be another. Its methods may be called concurrently.
type Sealer interface {
	// Key names the key that Seal uses. The name is no secret.
	Key() string
	// Seal encrypts plain with that key, and names it.
	Seal(ctx context.Context, plain []byte) (sealed []byte, key string, err error)
	// Open decrypts what Seal returned, with whichever key. KindUnavailable if
	// the key is not at hand or the bytes were changed.
	Open(ctx context.Context, sealed []byte) ([]byte, error)
	// Renew makes a new key, which Seal uses from then on. What earlier ones
	// have sealed stays readable.
	Renew(ctx context.Context) error
}
