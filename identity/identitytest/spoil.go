package identitytest

import "bytes"

// flipSignature changes the last bit of a packed attestation's signature.
func flipSignature(object []byte) []byte {
	at := bytes.Index(object, []byte("csig"))
	if at < 0 {
		panic("an attestation without a signature")
	}
	// The text "sig" is followed by the head of a byte string and its length.
	length := int(object[at+5])
	object[at+5+length] ^= 1
	return object
}
