package receipt_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"

	"glovebox/receipt"
)

// stranger checks signatures for an implementation of DSSE that is not ours.
type stranger struct{ receipt.Key }

func (s stranger) Verify(_ context.Context, data, sig []byte) error {
	if !ed25519.Verify(s.Key.Public, data, sig) {
		return errors.New("no")
	}
	return nil
}

func (s stranger) KeyID() (string, error)   { return s.ID, nil }
func (s stranger) Public() crypto.PublicKey { return s.Key.Public }

// TestOthersCanCheck: the envelope is one for an implementation of DSSE that
// knows nothing of receipts, and one that it has made is one for us.
func TestOthersCanCheck(t *testing.T) {
	i := issuer(t, wrote())
	text, key := issued(t, i, over()), i.Keys.Public()[0]
	var e dsse.Envelope
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	verifier, err := dsse.NewEnvelopeVerifier(stranger{key})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Verify(t.Context(), &e); err != nil {
		t.Error(err)
	}
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	foreign := receipt.NewKey(private.Public().(ed25519.PublicKey))
	signer, err := dsse.NewEnvelopeSigner(signs{private, foreign.ID})
	if err != nil {
		t.Fatal(err)
	}
	made, err := signer.SignPayload(t.Context(), receipt.PayloadType, receipt.Payload(text))
	if err != nil {
		t.Fatal(err)
	}
	spelled, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := receipt.Verify(append(spelled, '\n'), []receipt.Key{foreign}); err != nil {
		t.Error(err)
	}
	if _, err := verifier.Verify(t.Context(), made); err == nil {
		t.Error("another key is as good")
	}
}

type signs struct {
	key ed25519.PrivateKey
	id  string
}

func (s signs) Sign(_ context.Context, data []byte) ([]byte, error) {
	return ed25519.Sign(s.key, data), nil
}
func (s signs) KeyID() (string, error) { return s.id, nil }
