package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// discoverTime bounds both requests of a discovery together.
const discoverTime = 10 * time.Second

// DiscoverKeys is FetchKeys by OpenID Connect discovery. It speaks https only,
// follows no redirect and sends no cookie, so an issuer cannot make it ask
// anybody in its own network by plain http. transport is http.DefaultTransport
// where there is nothing special, such as a proxy.
func DiscoverKeys(transport http.RoundTripper) FetchKeys {
	client := &http.Client{Transport: transport, Timeout: discoverTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") }}
	return func(ctx context.Context, issuer string) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, discoverTime)
		defer cancel()
		data, err := get(ctx, client, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration")
		if err != nil {
			return nil, err
		}
		var document struct {
			Issuer string `json:"issuer"`
			Keys   string `json:"jwks_uri"`
		}
		if err := json.Unmarshal(data, &document); err != nil {
			return nil, fmt.Errorf("discovery document: %w", err)
		}
		if document.Issuer != issuer {
			return nil, fmt.Errorf("the discovery document is %q's", clip(document.Issuer))
		}
		return get(ctx, client, document.Keys)
	}
}

func get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil {
		return nil, errors.New("not an https URL")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %d", address, response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxKeySet+1))
	if err == nil && len(data) > maxKeySet {
		err = fmt.Errorf("%s: more than %d bytes", address, maxKeySet)
	}
	return data, err
}
