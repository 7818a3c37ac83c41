package receipt

import (
	"crypto/ed25519"
	"encoding/json"

	"glovebox"
)

// Verify checks a receipt with public keys alone and returns what it states.
// It checks all there is to be checked without asking anybody: every byte of
// the envelope, the signature, and that the statement agrees with itself. Of
// what it returns with an error nothing is true. Errors:
//
//	KindMalformed     "envelope"           no envelope, or not one byte for byte as it was issued
//	KindUnauthorized  "signatures.keyid"   signed by a key that is not among keys
//	KindInvalid       "signatures.sig"     the signature is not of this payload
//	KindMediaType     "payloadType", "_type", "predicateType"   signed, and no receipt
//	KindConflict      the field            signed, and it contradicts itself
func Verify(text []byte, keys []Key) (Statement, error) {
	e, err := open(text)
	if err != nil {
		return Statement{}, err
	}
	if err := verifySignature(e, keys); err != nil {
		return Statement{}, err
	}
	if e.PayloadType != PayloadType {
		return Statement{}, foreign("payloadType", e.PayloadType)
	}
	var head struct {
		Type          string `json:"_type"`
		PredicateType string `json:"predicateType"`
	}
	if err := json.Unmarshal(e.Payload, &head); err != nil || head.Type != StatementType {
		return Statement{}, foreign("_type", head.Type)
	}
	if head.PredicateType != PredicateType {
		return Statement{}, foreign("predicateType", head.PredicateType)
	}
	var s Statement
	if err := json.Unmarshal(e.Payload, &s); err != nil {
		return Statement{}, glovebox.Errorf(glovebox.KindConflict, "the statement is not of its own type").On("predicate")
	}
	return s, s.check()
}

func foreign(field, is string) error {
	return glovebox.Errorf(glovebox.KindMediaType, "%q is nothing that a receipt is", clip(is)).On(field).
		Try("this was signed by the key, but as something else")
}

// verifySignature takes exactly one signature, by a key that is known.
func verifySignature(e envelope, keys []Key) error {
	if len(e.Signatures) != 1 {
		return glovebox.Errorf(glovebox.KindMalformed, "a receipt has one signature, not %d", len(e.Signatures)).On("envelope")
	}
	given := e.Signatures[0]
	for _, k := range keys {
		if k.ID != given.KeyID {
			continue
		}
		if !ed25519.Verify(k.Public, pae(e.PayloadType, e.Payload), given.Sig) {
			return glovebox.Errorf(glovebox.KindInvalid, "the receipt was changed, or another key has signed it").On("signatures.sig").
				Try("do not believe what it says; get it anew from the service")
		}
		return nil
	}
	return glovebox.Errorf(glovebox.KindUnauthorized, "the receipt is signed by the key %q, which is not among those given", clip(given.KeyID)).
		On("signatures.keyid").Try("get the keys from the service that issued it: receipt.pub of its data folder, or `glovebox receipt keys`")
}
