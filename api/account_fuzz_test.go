package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"glovebox/api/wire"
	"glovebox/store/memory"
)

// accountPosts are the routes of identity that read a body.
var accountPosts = []string{
	"/v1/login/begin", "/v1/login/finish", "/v1/login/code", "/v1/links/inspect", "/v1/links/begin", "/v1/links/finish", "/v1/token", "/v1/device",
	"/v1/me/cli-codes", "/v1/me/devices/BBBB-BBBB/approve", "/v1/me/passkeys/begin", "/v1/me/passkeys/finish", "/v1/me/passkeys/x/remove",
	"/v1/me/recovery-codes", "/v1/step-up/begin", "/v1/people/x/role", "/v1/people/x/disable", "/v1/invitations", "/v1/rules", "/v1/rules/x/remove",
}

// FuzzAccount sends bodies to every route of identity that takes one, as an
// admin. An answer in which FRESH stands gets a challenge that waits for it, so
// that what authenticators send is parsed, too. Nothing is answered by 5xx, and
// everything as the document says.
func FuzzAccount(f *testing.F) {
	for i := range accountPosts {
		f.Add(uint8(i), `{"id":"FRESH","response":{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"AAAA"}}}`)
		f.Add(uint8(i), `{"id":"FRESH","response":{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","attestationObject":"uwEAAAAAAAAA"}},"signature":{"id":"FRESH","response":{}}}`)
		f.Add(uint8(i), `{"token":"x","name":"y","role":"viewer","grantType":"refresh","session":"x","signature":{"id":"FRESH","response":[]}}`)
	}
	s := newSiteOver(f, memory.New())
	ada := s.admin(acme)
	f.Fuzz(func(t *testing.T, route uint8, body string) {
		s.t = t
		path := accountPosts[int(route)%len(accountPosts)]
		if strings.Contains(body, "FRESH") {
			body = strings.ReplaceAll(body, "FRESH", ada.fresh(path))
		}
		v := ada
		if path == "/v1/token" || path == "/v1/device" {
			v = s.program()
		}
		if a := v.call("POST", path, body); a.StatusCode >= http.StatusInternalServerError && a.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %d %s", path, a.StatusCode, a.body)
		}
	})
}

// fresh is the id of a challenge of the kind that a route takes.
func (v *visitor) fresh(path string) string {
	v.t.Helper()
	var c struct{ ID string }
	switch path {
	case "/v1/login/finish":
		v.get(200, "POST", "/v1/login/begin", "{}", &c)
	case "/v1/links/finish", "/v1/me/passkeys/finish":
		var begun wire.Challenge
		v.get(200, "POST", "/v1/me/passkeys/begin", wire.AddPasskeyRequest{Name: "x", Signature: v.sign("passkey.add", "", pair{"name": "x"})}, &begun)
		c.ID = begun.ID
	default:
		v.get(200, "POST", "/v1/step-up/begin", json.RawMessage(`{"action":"passkey.add","parameters":{"name":"x"}}`), &c)
	}
	return c.ID
}
