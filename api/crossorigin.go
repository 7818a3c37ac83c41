package api

import (
	"net/http"
	"net/url"
	"strings"

	"glovebox"
)

// crossOrigin refuses what a browser would change on behalf of a page that is
// not ours. It goes by headers that pages cannot set and that other programs do
// not send, and holds for logging in, too: nobody may be logged in as somebody
// else without noticing.
type crossOrigin struct{ protection *http.CrossOriginProtection }

// newCrossOrigin panics if publicURL is not one; identity.Open has checked it.
func newCrossOrigin(publicURL string) crossOrigin {
	p := http.NewCrossOriginProtection()
	if publicURL != "" {
		u, err := url.Parse(publicURL)
		if err == nil {
			err = p.AddTrustedOrigin(originOf(u))
		}
		if err != nil {
			panic("api: public URL: " + err.Error())
		}
	}
	return crossOrigin{p}
}

// originOf spells a URL's origin as browsers do.
func originOf(u *url.URL) string {
	scheme, host := strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return scheme + "://" + host
}

func (c crossOrigin) check(r *http.Request) error {
	if c.protection.Check(r) == nil {
		return nil
	}
	return glovebox.Errorf(glovebox.KindDenied, "a page of another site may not do this").
		Try("use the pages of this server, or a program that is not a browser")
}
