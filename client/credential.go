package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"glovebox"
	"glovebox/api/wire"
)

// Credential is who calls. Without a Key nothing is proven. With a Key alone a
// session can be opened: by RedeemCode, RedeemDevice or Exchange, after which
// the client has it. With a Session too, access tokens are fetched as needed.
type Credential struct {
	Key     *Key
	Session string // id of the session that is bound to the key; no secret

	// Rule and Token open a workload's session at the first call: the id of a
	// trust rule, and a token of its issuer, which is taken once.
	Rule, Token string
}

const (
	// early is how long before its end a token is renewed at the latest.
	early = 30 * time.Second

	// hintLogin is for a session that is over.
	hintLogin = "log in: glovebox login"
	// hintExchange is for one that a workload had.
	hintExchange = "a workload's session cannot be renewed: exchange a new token of the CI system, and do less at a time"
	// hintRule is for a token of a CI system that was refused.
	hintRule = "it must fit the trust rule, be for this server, new, and not used before; an admin sees why: glovebox audit --action workload.exchange"
)

// holder keeps the access token of a client's session.
type holder struct {
	prover   *prover
	now      func() time.Time
	skew     skew
	exchange bool // the session is, or will be, a workload's

	turn  chan struct{} // held by who reads or renews what follows
	cred  Credential
	token wire.Token
	renew time.Time // by the server's clock
}

func newHolder(c Credential, base string, now func() time.Time) (*holder, error) {
	p, err := newProver(c.Key, base)
	if err != nil {
		return nil, err
	}
	h := &holder{prover: p, now: now, cred: c, exchange: c.Session == "" && c.Rule != "", turn: make(chan struct{}, 1)}
	return h, nil
}

// serverTime is now by the server's clock, as far as it is known.
func (h *holder) serverTime() time.Time { return h.skew.correct(h.now()) }

// lock waits for the turn, unless the caller goes away.
func (h *holder) lock(ctx context.Context) error {
	select {
	case h.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (h *holder) unlock() { <-h.turn }

// keep remembers a new token, to be renewed a while before its end. The turn
// must be held.
func (h *holder) keep(t wire.Token) {
	h.token, h.cred.Session = t, t.Session.ID
	life := t.ExpiresAt.Sub(h.serverTime())
	h.renew = t.ExpiresAt.Add(-min(early, life/4))
}

// accessToken returns a token that is good for now. used is one that the server
// refused, which is not given again. Of callers who come at the same time, one
// asks the server and the others wait for what it gets.
func (c *Client) accessToken(ctx context.Context, used string) (string, error) {
	h := c.holder
	if err := h.lock(ctx); err != nil {
		return "", err
	}
	defer h.unlock()
	if t := h.token.AccessToken; t != "" && t != used && h.serverTime().Before(h.renew) {
		return t, nil
	}
	t, err := c.askToken(ctx, h)
	if err != nil {
		return "", err
	}
	h.keep(t)
	return t.AccessToken, nil
}

// askToken gets a token for the session there is, or for the one to be opened.
func (c *Client) askToken(ctx context.Context, h *holder) (wire.Token, error) {
	switch {
	case h.cred.Session == "" && h.cred.Rule == "":
		return wire.Token{}, glovebox.Errorf(glovebox.KindUnauthorized, "nobody is logged in at %s", c.where).Try(hintLogin)
	case h.cred.Session == "":
		t, err := c.grant(ctx, wire.TokenRequest{GrantType: wire.GrantExchange, Rule: h.cred.Rule, SubjectToken: h.cred.Token})
		if glovebox.KindOf(err) == glovebox.KindUnauthorized {
			err = h.remarked(glovebox.Errorf(glovebox.KindUnauthorized, "the CI system's token was refused: %w", err).Try(hintRule))
		}
		return t, err
	case h.exchange && !h.token.ExpiresAt.IsZero() && !h.serverTime().Before(h.token.Session.Until):
		return wire.Token{}, glovebox.Errorf(glovebox.KindUnauthorized, "the session is over").Try(hintExchange)
	}
	var t wire.Token
	err := c.patiently(ctx, func() (err error) {
		t, err = c.grant(ctx, wire.TokenRequest{GrantType: wire.GrantRefresh, Session: h.cred.Session})
		return err
	})
	if glovebox.KindOf(err) == glovebox.KindUnauthorized {
		return t, h.over(err)
	}
	return t, err
}

// grant asks for a token once, with a proof of the key alone. A refresh that may
// have been refused because the clocks are apart is asked for again by the
// server's.
func (c *Client) grant(ctx context.Context, body wire.TokenRequest) (wire.Token, error) {
	r, err := request{method: http.MethodPost, path: "/v1/token", open: true, proven: true}.withJSON(body)
	if err != nil {
		return wire.Token{}, err
	}
	var t wire.Token
	if body.GrantType != wire.GrantRefresh && !c.reached.Load() {
		// What a wrong clock would spoil, such as a code, is good only once: so
		// have the clocks compared first.
		if err := c.Health(ctx); err != nil {
			return t, err
		}
	}
	before := c.holder.skew.now()
	err = c.once(ctx, r, &t)
	if glovebox.KindOf(err) == glovebox.KindUnauthorized && c.holder.skew.now() != before && body.GrantType == wire.GrantRefresh {
		err = c.once(ctx, r, &t)
	}
	return t, err
}

// over says what it means that a session's key is not taken any more.
func (h *holder) over(err error) error {
	e := glovebox.Errorf(glovebox.KindUnauthorized, "the session is over: %w", err).Try(hintLogin)
	if h.exchange {
		e.Hint = hintExchange
	}
	if clock := h.skew.remark(); clock != "" {
		e.Hint += "; " + clock
	}
	return e
}

// authorize adds to a request what proves its caller. used is a token that was
// refused already; what it returns is the token that goes with the request.
func (c *Client) authorize(ctx context.Context, req *http.Request, r request, used string) (string, error) {
	h := c.holder
	token := ""
	if !r.open {
		var err error
		if token, err = c.accessToken(ctx, used); err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "DPoP "+token)
	}
	proof, err := h.prover.prove(req.Method, req.URL.EscapedPath(), token, h.serverTime())
	if err != nil {
		return "", err
	}
	req.Header.Set("DPoP", proof)
	return token, nil
}

// adopt opens a session with the client's key and makes it the client's own.
func (c *Client) adopt(ctx context.Context, body wire.TokenRequest) (Token, error) {
	if c.holder == nil {
		return Token{}, c.keyless()
	}
	h := c.holder
	if err := h.lock(ctx); err != nil {
		return Token{}, err
	}
	defer h.unlock()
	t, err := c.grant(ctx, body)
	if err != nil {
		return Token{}, h.remarked(err)
	}
	h.exchange = body.GrantType == wire.GrantExchange
	h.keep(t)
	return t, nil
}

func (c *Client) keyless() error {
	if c.unusable != nil {
		return c.unusable
	}
	if c.local {
		return glovebox.Errorf(glovebox.KindInvalid, "who calls at a socket is known by their user, not by a key").Try("name the server's URL")
	}
	return glovebox.Errorf(glovebox.KindInvalid, "a session needs a key to be bound to").On("credential.key")
}

// remarked adds to the hint of a refusal that a clock is wrong, if one is.
func (h *holder) remarked(err error) error {
	clock := h.skew.remark()
	e, ok := errors.AsType[*glovebox.Error](err)
	if clock == "" || !ok || e.Kind != glovebox.KindUnauthorized {
		return err
	}
	told := glovebox.Errorf(e.Kind, "%w", e).Try("%s", clock)
	if e.Hint != "" {
		told.Hint = e.Hint + "; " + clock
	}
	return told
}
