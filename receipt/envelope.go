package receipt

import (
	"bytes"
	"encoding/json"
	"strconv"

	"glovebox"
)

// PayloadType is what the envelope's payload is: in-toto, as JSON.
const PayloadType = "application/vnd.in-toto+json"

// MediaType is the envelope's own.
const MediaType = "application/vnd.dsse.envelope.v1+json"

// MaxBytes bounds what is taken for an envelope.
const MaxBytes = 16 << 20

// envelope is a DSSE envelope (v1.0), in the one spelling that is issued: these
// fields in this order, padded standard base64, one signature, no white space,
// and a line's end.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   []byte `json:"sig"`
}

// pae is what is signed: DSSE's pre-authentication encoding.
func pae(payloadType string, payload []byte) []byte {
	b := []byte("DSSEv1 " + strconv.Itoa(len(payloadType)) + " " + payloadType + " " + strconv.Itoa(len(payload)) + " ")
	return append(b, payload...)
}

// seal makes the envelope of a statement.
func seal(s Statement, keys *Keys) (text []byte, keyID string, err error) {
	payload, err := s.JSON()
	if err != nil {
		return nil, "", glovebox.Errorf(glovebox.KindInternal, "write a statement: %w", err)
	}
	sig, keyID := keys.sign(pae(PayloadType, payload))
	return envelope{PayloadType, payload, []signature{{keyID, sig}}}.text(), keyID, nil
}

func (e envelope) text() []byte {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and bytes always encode
	}
	return append(b, '\n')
}

// open reads an envelope. What is spelled in any other way than it is issued is
// refused, though JSON would let it pass: not one byte can be another one.
func open(text []byte) (envelope, error) {
	var e envelope
	if len(text) > MaxBytes {
		return e, glovebox.Errorf(glovebox.KindMalformed, "this is too long for a receipt").On("envelope").Try("at most %d bytes", MaxBytes)
	}
	if err := json.Unmarshal(text, &e); err != nil || len(e.Signatures) == 0 {
		return e, glovebox.Errorf(glovebox.KindMalformed, "this is no DSSE envelope").On("envelope").Try("get it with: glovebox receipt get JOB -o FILE")
	}
	if !bytes.Equal(e.text(), text) {
		return e, glovebox.Errorf(glovebox.KindMalformed, "the envelope is not spelled as it was issued").On("envelope").
			Try("check the file as it came, byte for byte: neither indented nor converted")
	}
	return e, nil
}
