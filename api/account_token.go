package api

import (
	"context"
	"net/http"
	"slices"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/identity"
)

// grantField is a field of a token request, and which grant needs it.
type grantField struct {
	name, value string
	grant       wire.GrantType
}

// grants are the ways to an access token.
var grants = map[wire.GrantType]func(context.Context, *identity.Service, wire.TokenRequest, identity.Presented) (identity.AccessToken, error){
	wire.GrantCode: func(ctx context.Context, s *identity.Service, t wire.TokenRequest, p identity.Presented) (identity.AccessToken, error) {
		return s.RedeemCode(ctx, t.Code, t.CodeVerifier, t.RedirectURI, p)
	},
	wire.GrantDevice: func(ctx context.Context, s *identity.Service, t wire.TokenRequest, p identity.Presented) (identity.AccessToken, error) {
		return s.PollDevice(ctx, t.DeviceCode, p)
	},
	wire.GrantExchange: func(ctx context.Context, s *identity.Service, t wire.TokenRequest, p identity.Presented) (identity.AccessToken, error) {
		return s.Exchange(ctx, t.Rule, t.SubjectToken, p)
	},
	wire.GrantRefresh: func(ctx context.Context, s *identity.Service, t wire.TokenRequest, p identity.Presented) (identity.AccessToken, error) {
		return s.Refresh(ctx, t.Session, p)
	},
}

// token gives an access token to a program that proves its key.
func (h *handler) token(w http.ResponseWriter, r *http.Request) error {
	var body wire.TokenRequest
	if err := decodeAccount(w, r, &body); err != nil {
		return err
	}
	if err := checkGrant(body); err != nil {
		return err
	}
	t, err := grants[body.GrantType](r.Context(), h.Identity, body, proofOf(r))
	switch {
	case body.GrantType == wire.GrantDevice && slices.Contains([]glovebox.Kind{glovebox.KindUnavailable, glovebox.KindTooMany}, glovebox.KindOf(err)):
		return retryAfter(err, identity.DeviceInterval)
	case err != nil:
		return err
	}
	return writeJSON(w, http.StatusOK, viewToken(t))
}

// checkGrant refuses fields that do not belong to the grant, and wants those
// that do.
func checkGrant(t wire.TokenRequest) error {
	if grants[t.GrantType] == nil {
		return glovebox.Errorf(glovebox.KindInvalid, "there is no such grant type").On("grantType").
			Try("use one of %s, %s, %s, %s", wire.GrantCode, wire.GrantDevice, wire.GrantExchange, wire.GrantRefresh)
	}
	for _, f := range []grantField{
		{"code", t.Code, wire.GrantCode}, {"codeVerifier", t.CodeVerifier, wire.GrantCode}, {"redirectURI", t.RedirectURI, wire.GrantCode},
		{"deviceCode", t.DeviceCode, wire.GrantDevice},
		{"rule", t.Rule, wire.GrantExchange}, {"subjectToken", t.SubjectToken, wire.GrantExchange},
		{"session", t.Session, wire.GrantRefresh},
	} {
		switch belongs := f.grant == t.GrantType; {
		case belongs && f.value == "":
			return glovebox.Errorf(glovebox.KindInvalid, "this grant type needs it").On(f.name)
		case !belongs && f.value != "":
			return glovebox.Errorf(glovebox.KindInvalid, "does not belong to this grant type").On(f.name).Try("leave it out")
		}
	}
	return nil
}

// jwks publishes the keys of access tokens.
func (h *handler) jwks(w http.ResponseWriter, r *http.Request) error {
	if err := bare(w, r); err != nil {
		return err
	}
	set, err := h.Identity.JWKS(r.Context())
	if err != nil {
		return err
	}
	view := wire.JWKS{}
	for _, k := range set.Keys {
		spelled, err := raw(k)
		if err != nil {
			return err
		}
		view.Keys = append(view.Keys, spelled)
	}
	return writeJSON(w, http.StatusOK, view)
}
