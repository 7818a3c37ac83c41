package browser

import (
	"github.com/chromedp/cdproto/webauthn"
)

// Authenticator is a virtual authenticator of a window: it keeps passkeys,
// verifies its user, and consents to everything unless told otherwise.
type Authenticator struct {
	w  *Window
	id webauthn.AuthenticatorID
}

// Authenticator gives the window one that is built in. There can be one of
// that kind; further ones are plugged in, see SecurityKey.
func (w *Window) Authenticator() *Authenticator {
	w.t.Helper()
	command(w, webauthn.Enable, webauthn.EnableParams{})
	return w.authenticator(webauthn.AuthenticatorTransportInternal)
}

// SecurityKey plugs in another authenticator.
func (w *Window) SecurityKey() *Authenticator {
	w.t.Helper()
	return w.authenticator(webauthn.AuthenticatorTransportUsb)
}

func (w *Window) authenticator(transport webauthn.AuthenticatorTransport) *Authenticator {
	w.t.Helper()
	made := command(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: transport,
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	return &Authenticator{w: w, id: made.AuthenticatorID}
}

// Present says whether the authenticator answers: whether its user touches it.
func (a *Authenticator) Present(yes bool) {
	a.w.t.Helper()
	command(a.w, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: a.id, Enabled: yes})
}

// Verifies says whether it knows its user again by finger, face or PIN.
func (a *Authenticator) Verifies(yes bool) {
	a.w.t.Helper()
	command(a.w, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: a.id, IsUserVerified: yes})
}

// Lies makes it say in its answers that the user was not verified, whatever it
// was asked for; browsers pass that on, and the server has to notice.
func (a *Authenticator) Lies(yes bool) {
	a.w.t.Helper()
	command(a.w, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: a.id, IsBadUV: &yes})
}

// Passkeys is how many it keeps.
func (a *Authenticator) Passkeys() int {
	a.w.t.Helper()
	return len(command(a.w, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: a.id}).Credentials)
}
