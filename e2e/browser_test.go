package e2e

import (
	"strings"
	"testing"
	"time"

	"glovebox/e2e/browser"
)

// hostile is a name that tries to be more than text.
const hostile = `<img src=x onerror="document.title='pwned'"><b>Bob</b>`

// journey is what one installation's people do in their browsers, from the
// first admin's link on. Each step stands on the ones before it.
type journey struct {
	t       *testing.T
	site    *site
	browser *browser.Browser
	admin   *browser.Window
	laptop  *browser.Authenticator // of the admin
	bob     *browser.Window        // of somebody with a hostile name
}

// TestBrowser walks the ceremonies of people through the real pages, a real
// Chromium with virtual authenticators, and the real service over TLS.
func TestBrowser(t *testing.T) {
	s := startSite(t)
	j := &journey{t: t, site: s, browser: browser.Start(t, s.cert)}
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"the watch sees what it must", j.watchSees},
		{"the first admin enrols by link", j.firstAdmin},
		{"the account page shows everything", j.account},
		{"sign out, and in again", j.signIn},
		{"an unverified user is refused", j.unverified},
		{"the last passkey cannot be removed", j.lastPasskey},
		{"a second passkey takes the place of the first", j.secondPasskey},
		{"recovery codes", j.recoveryCodes},
		{"somebody with a hostile name is invited", j.invite},
		{"people are managed", j.people},
		{"a trust rule is written and removed", j.rules},
		{"a program on this machine is signed in", j.program},
		{"a device is signed in", j.device},
		{"a job is signed", j.signedJob},
		{"a secret is signed", j.signedSecret},
		{"a job is signed by two", j.signedByTwo},
		{"another name of the machine will not do", j.wrongPlace},
		{"nobody is led elsewhere", j.nextStays},
	} {
		t.Log(step.name)
		began := time.Now()
		step.do()
		t.Logf("  took %s", time.Since(began).Round(time.Millisecond))
	}
}

// watchSees plants what must be complained about: else the silence of all other
// steps would mean nothing.
func (j *journey) watchSees() {
	w := j.browser.Open(j.t, "control")
	w.Go(j.site.url + "/login")
	w.See("Sign in with a passkey")
	w.TakeComplaints()
	for planted, want := range map[string]string{
		`document.body.append(Object.assign(document.createElement("img"), { src: "https://elsewhere.example/x.png" }))`: "Content Security Policy",
		`(() => { try { document.body.setAttribute("onclick", "1") } catch {} })()`:                                      "TrustedScript",
		`setTimeout(() => { throw new Error("planted") })`:                                                               "planted",
		`console.error("planted")`:                                                    "planted",
		`fetch("https://elsewhere.example/").catch(() => {})`:                         "Content Security Policy",
		`fetch("/v1/healthy", { method: "POST" }).then(() => console.warn("status"))`: "status",
	} {
		browser.Value[any](w, "void ("+planted+")")
		w.Complains(want)
	}
}

// firstAdmin opens the link that `glovebox up` printed.
func (j *journey) firstAdmin() {
	link := j.site.firstAdmin()
	w := j.browser.Open(j.t, "admin")
	j.admin, j.laptop = w, w.Authenticator()
	w.Go(link)
	w.See("Become the first administrator", "local", "admin")
	w.At("/enrol")
	if url := browser.Value[string](w, "location.href + ' ' + history.length"); strings.Contains(url, "#") {
		j.t.Errorf("the token is still in the address: %s", url)
	}
	w.Press("Create a passkey")
	w.See("Your name")
	w.Type("#name", "Ada")
	w.Type("#passkey", "Laptop")
	w.Press("Create a passkey")
	w.See("Welcome", "Ada")
	if n := j.laptop.Passkeys(); n != 1 {
		j.t.Fatalf("the authenticator has %d passkeys", n)
	}
	j.cookieIsGuarded()

	used := j.browser.Open(j.t, "late")
	used.Go(link)
	used.See("This link does not work")
	used.Go(link + "x") // only the fragment is another one
	used.Until("!location.href.includes('#')", "for the token to leave the address again")
	used.See("This link does not work")
}

// cookieIsGuarded looks at the session's cookie as scripts could.
func (j *journey) cookieIsGuarded() {
	if c := browser.Value[string](j.admin, "document.cookie"); c != "" {
		j.t.Errorf("scripts can read a cookie: %q", c)
	}
}

// account goes to the account page of the admin, who sees all parts.
func (j *journey) account() {
	w := j.admin
	w.Go(j.site.url + "/")
	w.See("Ada", "admin", "Passkeys", "Laptop", "Sessions", "this one", "People", "Invitations", "Usage of local", "Audit", "link.use")
	for _, width := range []int64{browser.Narrow, browser.Wide} {
		w.Width(width)
		if over := browser.Value[int](w, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			j.t.Errorf("at %d pixels the page is %d too wide", width, over)
		}
	}
}

// signIn ends the session and opens another one.
func (j *journey) signIn() {
	w := j.admin
	w.Click("#logout")
	w.At("/login")
	w.Go(j.site.url + "/device?x=1")
	w.At("/login?next=%2Fdevice%3Fx%3D1")
	w.Press("Sign in with a passkey")
	w.At("/device?x=1")
	w.Go(j.site.url + "/")
	w.See("Laptop")
}

// unverified has an authenticator that does not know its user: the browser
// refuses, and if the authenticator lies to it, the server does.
func (j *journey) unverified() {
	w := j.admin
	w.Click("#logout")
	w.At("/login")
	j.laptop.Verifies(false)
	w.Press("Sign in with a passkey")
	w.See("The passkey was not used")
	j.laptop.Verifies(true)
	j.laptop.Lies(true)
	w.Press("Sign in with a passkey")
	w.See("This passkey was not accepted")
	w.Until(`fetch("/v1/me").then((r) => window.code = r.status) && window.code === 401`, "to be refused")
	w.At("/login")
	j.laptop.Lies(false)
	w.Press("Sign in with a passkey")
	w.At("/")
	w.See("Laptop")
}

// lastPasskey tries to remove the only one.
func (j *journey) lastPasskey() {
	w := j.admin
	w.Click("#passkey-list .remove")
	w.See("Remove the passkey Laptop, and end the sessions that it opened.")
	w.Press("Sign with a passkey")
	w.See("last passkey", "Add another one first")
	w.Press("Cancel")
	w.See("Laptop")
}

// secondPasskey adds one on a security key, removes the first with it, and
// signs in with what is left.
func (j *journey) secondPasskey() {
	w := j.admin
	w.Type("#passkey-name", "Key on the ring")
	w.Press("Add a passkey")
	w.See("Add a passkey called Key on the ring to your account.")
	w.Press("Sign with a passkey")
	w.See("Now make the new one")
	j.laptop.Present(false)
	ring := w.SecurityKey()
	w.Press("Create the passkey")
	w.See("Key on the ring is added.")
	if n := ring.Passkeys(); n != 1 {
		j.t.Fatalf("the security key has %d passkeys", n)
	}
	w.Click(`#passkey-list li:last-child .rename`)
	w.Type("#rename", "Ring")
	w.Press("Rename")
	w.See("The passkey has its new name.", "Ring")

	w.Click(`#passkey-list li:first-child .remove`)
	w.See("Remove the passkey Laptop")
	w.Press("Sign with a passkey")
	w.At("/login?next=%2F") // the session was opened with the passkey that is gone
	w.Press("Sign in with a passkey")
	w.At("/")
	w.See("Ring")
	if text := browser.Value[string](w, "document.querySelector('#passkey-list').innerText"); strings.Contains(text, "Laptop") {
		j.t.Errorf("still listed: %s", text)
	}
	j.laptop = ring
}
