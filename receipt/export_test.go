package receipt

// SealAs signs any payload as anything, as a thief of the key could.
func SealAs(payloadType string, payload []byte, k *Keys) []byte {
	sig, id := k.sign(pae(payloadType, payload))
	return envelope{payloadType, payload, []signature{{id, sig}}}.text()
}

// Spliced is the envelope of one receipt with the signatures of another.
func Spliced(payload, signatures []byte) []byte {
	a, errA := open(payload)
	b, errB := open(signatures)
	if errA != nil || errB != nil {
		panic("no receipts")
	}
	a.Signatures = b.Signatures
	return a.text()
}

// Retyped is a receipt that says it is of another type.
func Retyped(text []byte, payloadType string) []byte {
	e, err := open(text)
	if err != nil {
		panic(err)
	}
	e.PayloadType = payloadType
	return e.text()
}

// Payload is what a receipt has signed.
func Payload(text []byte) []byte {
	e, err := open(text)
	if err != nil {
		panic(err)
	}
	return e.Payload
}

// PAE is what is signed.
var PAE = pae

// Tally counts events.
var Tally = tally
