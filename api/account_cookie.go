package api

import (
	"net/http"
	"time"

	"glovebox/api/wire"
	"glovebox/identity"
)

// opened answers that a browser's session is open. Its token goes into the
// cookie and nowhere else.
func opened(w http.ResponseWriter, v identity.Session, token string) error {
	setCookie(w, token, int(v.Until.Sub(v.Created)/time.Second))
	return writeJSON(w, http.StatusOK, wire.Login{Session: viewSession(v, v.ID)})
}

// forget clears the cookie of a session that is over.
func forget(w http.ResponseWriter) { setCookie(w, "", -1) }

// setCookie: the __Host- prefix makes browsers insist on Secure, Path=/ and
// this very host.
func setCookie(w http.ResponseWriter, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: value, Path: "/", MaxAge: seconds, Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
