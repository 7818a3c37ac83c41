package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"unicode"
	"unicode/utf8"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// maxAccount bounds the bodies of the routes of identity: an authenticator's
// answer, which identity bounds further, and a little more.
const maxAccount = 128 << 10

// decodeAccount is decode for these routes, whose bodies are small.
func decodeAccount(w http.ResponseWriter, r *http.Request, v any) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	if r.ContentLength > maxAccount {
		return &http.MaxBytesError{Limit: maxAccount}
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxAccount)
	return decode(w, r, v)
}

// whole reads a body of these routes before anything is made of it, so that one
// that comes slowly holds nothing that others wait for. It can be read again.
func whole(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength > maxAccount {
		return &http.MaxBytesError{Limit: maxAccount}
	}
	r.Body = http.MaxBytesReader(nil, r.Body, maxAccount)
	end := bodyDeadline(w)
	body, err := readBody(r)
	end()
	if err != nil {
		return err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// bare refuses parameters and a body where neither has a meaning.
func bare(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	return wantNoBody(w, r)
}

// done answers that it is.
func done(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// raw is a value in its own spelling: go-webauthn's and go-jose's types know
// how browsers and RFCs want them.
func raw(v any) (json.RawMessage, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindInternal, "spell an answer: %w", err)
	}
	return b, nil
}

// challenged answers with options for an authenticator.
func challenged(w http.ResponseWriter, id string, options any) error {
	spelled, err := raw(options)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.Challenge{ID: id, Options: spelled})
}

// checkDevice refuses what cannot name a session. Nothing is a name here, too.
func checkDevice(name string) error {
	bad := utf8.RuneCountInString(name) > 100
	for _, c := range name {
		bad = bad || !unicode.IsPrint(c)
	}
	if bad {
		return glovebox.Errorf(glovebox.KindInvalid, "cannot name a session").On("device").Try("use at most 100 characters that can be seen")
	}
	return nil
}

// sourceOf is where a request came from, as the server sees it: never what
// headers say.
func sourceOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "this machine" // a unix socket has no address
	}
	return host
}

// proofOf is what a request without a caller proves its key with.
func proofOf(r *http.Request) identity.Presented {
	return identity.Presented{DPoP: r.Header.Values("DPoP"), Method: r.Method, Path: sentPath(r)}
}
