package api

import (
	"net/http"
	"strings"

	"glovebox/identity"
)

// cookieName is that of the browser's session. By its prefix browsers take it
// over TLS alone, for this host alone, and from nobody but this host.
const cookieName = "__Host-glovebox"

// Callers knows processes at a unix socket by local, and everybody else by what
// they present to the identity service: a cookie, or an access token with a
// proof of its key.
func Callers(local Authenticator, ids *identity.Service) Authenticator {
	return func(r *http.Request) (identity.Caller, error) {
		if isLocal(r) {
			return local(r)
		}
		return ids.Authenticate(r.Context(), presented(r))
	}
}

// presented is what a request proves its caller with.
func presented(r *http.Request) identity.Presented {
	return identity.Presented{
		Cookie:        sessionCookie(r),
		Authorization: r.Header.Values("Authorization"),
		DPoP:          r.Header.Values("DPoP"),
		Method:        r.Method,
		Path:          sentPath(r),
	}
}

// provesNothing says whether a request brings nothing that could be a guess.
func provesNothing(r *http.Request) bool {
	return len(r.Header["Authorization"]) == 0 && len(r.Header["Dpop"]) == 0 && sessionCookie(r) == ""
}

// sessionCookie is the value of the session cookie. No browser sends two of
// that name, so two make one that is good for nothing.
func sessionCookie(r *http.Request) string {
	if len(r.Header["Cookie"]) == 0 {
		return ""
	}
	var values []string
	for _, c := range r.CookiesNamed(cookieName) {
		values = append(values, c.Value)
	}
	return strings.Join(values, ",")
}

// sentPath is the path as it was escaped in the request line.
func sentPath(r *http.Request) string {
	path, _, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") { // a whole URL, or a request that came over no wire
		return r.URL.EscapedPath()
	}
	return path
}
