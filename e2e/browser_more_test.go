package e2e

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"glovebox/e2e/browser"
	"glovebox/identity"
	"glovebox/identity/identitytest"
)

// recoveryCodes makes codes, and gets in with one from a browser that has none
// of the passkeys.
func (j *journey) recoveryCodes() {
	w := j.admin
	w.Press("Make new recovery codes")
	w.See("Make ten new recovery codes")
	w.Press("Sign with a passkey")
	w.See("Your recovery codes")
	codes := browser.Value[[]string](w, `[...document.querySelectorAll(".secrets li")].map((e) => e.innerText)`)
	if len(codes) != 10 || len(codes[0]) != 19 {
		j.t.Fatalf("codes: %q", codes)
	}
	w.Press("I have kept them")
	w.See("New recovery codes are made.")

	lost := j.browser.Open(j.t, "lost")
	phone := lost.Authenticator()
	lost.Go(j.site.url + "/login")
	lost.Click("#recovery summary")
	lost.Type("#code", "0000-0000-0000-0000")
	lost.Type("#passkey", "Phone")
	lost.Press("Use the code")
	lost.See("This code is wrong, or was used")
	lost.Type("#code", strings.ToUpper(codes[3]))
	lost.Press("Use the code")
	lost.See("Make a new passkey")
	lost.Press("Create a passkey")
	lost.See("The passkey is registered")
	lost.Press("Sign in with a passkey")
	lost.At("/")
	lost.See("Ring", "Phone")
	if n := phone.Passkeys(); n != 1 {
		j.t.Errorf("the phone has %d passkeys", n)
	}
}

// invite has the admin invite somebody, who enrols in a browser of their own.
func (j *journey) invite() {
	w := j.admin
	w.Go(j.site.url + "/")
	w.Type("#invitation-name", hostile)
	w.Choose("#invitation-role", "developer")
	w.Press("Invite")
	w.See("Invite " + hostile + " to join your tenant with the role developer.")
	w.Press("Sign with a passkey")
	w.See("The link")
	link := browser.Value[string](w, `document.querySelector("#link").innerText`)
	if !strings.HasPrefix(link, j.site.url+"/enrol#") {
		j.t.Fatalf("link: %s", link)
	}
	w.Press("Done")
	w.See(hostile)

	bob := j.browser.Open(j.t, "bob")
	j.bob = bob
	bob.Authenticator()
	bob.Go(link)
	bob.See("You are invited", hostile, "developer")
	bob.Type("#passkey", "Desk")
	bob.Press("Create a passkey")
	bob.See("Welcome")
	bob.Go(j.site.url + "/")
	bob.See(hostile, "Desk", "Invitations")
	for _, hidden := range []string{"people", "audit"} {
		if !browser.Value[bool](bob, fmt.Sprintf(`document.getElementById(%q).hidden`, hidden)) {
			j.t.Errorf("a developer sees %s", hidden)
		}
	}
	for _, w := range []*browser.Window{w, bob} {
		if made := browser.Value[int](w, `document.querySelectorAll("main img, main b, bdi *").length`); made != 0 || browser.Value[string](w, "document.title") == "pwned" {
			j.t.Errorf("the hostile name made %d elements", made)
		}
	}
}

// people has the admin change the role of the other one, and keep them out.
func (j *journey) people() {
	w := j.admin
	w.Go(j.site.url + "/")
	w.See("Everybody in this tenant")
	w.Choose("#person-list .role", "viewer")
	w.See("the role viewer.")
	w.Press("Sign with a passkey")
	w.See("is changed.")
	w.Click("#person-list .disable")
	w.See("Keep somebody out", "end all their sessions")
	w.Press("Cancel")
	w.Until(`!document.querySelector("dialog")`, "for the dialog to close")
	j.bob.Go(j.site.url + "/")
	j.bob.See("viewer")
	w.Click("#person-list .disable")
	w.Press("Sign with a passkey")
	w.Until(`document.querySelector("#person-list .enable")`, "for the person to be disabled")
	j.bob.Press("Make new recovery codes")
	j.bob.At("/login?next=%2F")
	j.bob.Press("Sign in with a passkey")
	j.bob.See("This passkey was not accepted")

	w.Click("#person-list .enable")
	w.Press("Sign with a passkey")
	w.Until(`document.querySelector("#person-list .disable")`, "for the person to be enabled")
	w.Choose("#person-list .role", "developer")
	w.Press("Sign with a passkey")
	w.See("is changed.")
	w.Until(`document.querySelector("#person-list .role").value === "developer"`, "for the role")
	j.bob.Press("Sign in with a passkey")
	j.bob.At("/")
	j.bob.See("developer")
}

// program plays `glovebox login`: it listens on the loopback and gets a code.
func (j *journey) program() {
	w := j.admin
	got := make(chan url.Values, 4)
	back := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/callback" {
			got <- r.URL.Query()
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><title>x</title>back at the program`)
	}))
	defer back.Close()
	redirect := back.URL + "/callback"
	verifier := rand.Text() + rand.Text()
	sum := sha256.Sum256([]byte(verifier))
	ask := url.Values{
		"challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "redirect_uri": {redirect}, "state": {"st&te"}, "name": {"glovebox on " + hostile},
	}
	w.Go(j.site.url + "/cli?" + ask.Encode())
	w.See("Sign in a program", "glovebox on "+hostile, "Ada")
	w.Press("Sign it in")
	w.See("back at the program")
	answer := <-got
	if answer.Get("state") != "st&te" || answer.Get("code") == "" {
		j.t.Fatalf("answer: %v", answer)
	}
	key := identitytest.NewKey()
	var token struct{ AccessToken, Kind string }
	j.withProof(key, "/v1/token", map[string]string{
		"grantType": "authorization_code", "code": answer.Get("code"), "codeVerifier": verifier, "redirectURI": redirect,
	}, &token, http.StatusOK)
	if token.AccessToken == "" {
		j.t.Error("no token for the code")
	}

	w.Go(j.site.url + "/cli?" + ask.Encode())
	w.Press("No, I did not ask for this")
	w.See("back at the program")
	if answer := <-got; answer.Get("error") != "access_denied" || answer.Has("code") {
		j.t.Errorf("refused: %v", answer)
	}

	for _, elsewhere := range []string{
		"https://127.0.0.1:1/", "http://elsewhere.example:80/callback", "http://127.0.0.1.elsewhere.example:80/", "http://localhost:99/callback",
		"http://127.0.0.1:99@elsewhere.example/", "http://127.0.0.1/callback", "javascript:alert(1)", "http://127.0.0.1:99/callback#x", "",
	} {
		ask.Set("redirect_uri", elsewhere)
		w.Go(j.site.url + "/cli?" + ask.Encode())
		w.See("The program asks to be answered at another machine")
	}
}

// withProof calls the API as a program that has a key.
func (j *journey) withProof(key *identitytest.Key, path string, body, into any, want int) {
	j.t.Helper()
	header := http.Header{"Dpop": {key.Proof(time.Now(), "POST", j.site.url+path, "", nil)}}
	if status := ask(j.t, j.site.program(), "POST", j.site.url+path, header, body, into); status != want {
		j.t.Fatalf("%s: %d %+v", path, status, into)
	}
}

// device plays `glovebox login --device` on a machine without a browser.
func (j *journey) device() {
	w := j.admin
	key := identitytest.NewKey()
	var begun struct{ DeviceCode, UserCode string }
	j.withProof(key, "/v1/device", map[string]string{"name": "rack-7 " + hostile}, &begun, http.StatusOK)

	w.Go(j.site.url + "/device?code=" + begun.UserCode + "#" + begun.UserCode)
	w.See("Type the code")
	if v := browser.Value[string](w, `document.querySelector("#code").value`); v != "" {
		j.t.Errorf("the code came from the address: %q", v)
	}
	w.Type("#code", "BBBB-BBBB")
	w.Press("Go on")
	w.See("No device waits under this code")
	w.Type("#code", strings.ToLower(begun.UserCode))
	w.Press("Go on")
	w.See("rack-7 "+hostile, "127.0.0.1", "the server's own machine")
	w.Press("Sign it in")
	w.See("Let the device rack-7 " + hostile)
	w.Press("Sign with a passkey")
	w.See("The device is signed in")
	var token struct{ AccessToken string }
	j.withProof(key, "/v1/token", map[string]string{"grantType": "urn:ietf:params:oauth:grant-type:device_code", "deviceCode": begun.DeviceCode}, &token, http.StatusOK)
	w.Go(j.site.url + "/")
	w.See("rack-7")
}

// widening is a job that its tenant does not allow without a signature.
func (j *journey) widening() string {
	image := "busybox:test@" + keptAs(j.t, j.site.box.Must, "busybox:test")
	return fmt.Sprintf(`{containerImage: %q, cmd: ["sh", "-c", "echo '<b>hi</b>' \u202e"], runtime: "runc", env: {TOKEN: "hunter2"}}`, image)
}

// fetched is the answer to a request that the page's session makes.
func fetched(w *browser.Window, method, path, headers, body string) map[string]any {
	options := fmt.Sprintf(`{method: %q, headers: {"Content-Type": "application/json", %s}, body: %s}`, method, headers, body)
	browser.Value[any](w, fmt.Sprintf(`void (window.fetched = undefined, fetch(%q, %s).then((r) => r.json()).then((a) => window.fetched = a))`, path, options))
	w.Until("window.fetched", "for the answer of "+path)
	return browser.Value[map[string]any](w, "window.fetched")
}

// askForJob asks for approval of a job that needs it, as the program of whoever
// is signed in does, and returns the page where it is signed.
func (j *journey) askForJob(w *browser.Window) string {
	w.Go(j.site.url + "/")
	w.See("Passkeys")
	asked := fetched(w, "POST", "/v1/approvals", "", "JSON.stringify({spec: "+j.widening()+"})")
	page, _ := asked["url"].(string)
	if !strings.HasPrefix(page, j.site.url+"/approve/") {
		j.t.Fatalf("approval: %v", asked)
	}
	return page
}

// signedJob reads a job on its page, signs it and runs it.
func (j *journey) signedJob() {
	w := j.admin
	page := j.askForJob(w)
	w.Go(page)
	w.See("Approve a job", "runtime: runc", "busybox:test", "echo", "<b>hi</b>", `\u{202e}`, "TOKEN", "Nobody has signed yet.")
	if text := browser.Value[string](w, "document.body.textContent"); strings.Contains(text, "hunter2") {
		j.t.Error("the page shows the value of a variable")
	}
	w.Press("Review and sign")
	w.See("Sign this job", "Let this job run with more than your tenant allows without a signature.")
	j.laptop.Lies(true)
	w.Press("Sign with a passkey")
	w.See("was not accepted")
	j.laptop.Lies(false)
	w.Press("Sign with a passkey")
	w.See("Signed. The job can be submitted now", "Complete.")

	id := page[strings.LastIndex(page, "/")+1:]
	if refused := fetched(w, "POST", "/v1/jobs", "", "JSON.stringify("+j.widening()+")"); refused["kind"] != "approval_required" {
		j.t.Errorf("without the approval: %v", refused)
	}
	job := fetched(w, "POST", "/v1/jobs", fmt.Sprintf(`"Glovebox-Approval": %q`, id), "JSON.stringify("+j.widening()+")")
	w.Until(fmt.Sprintf(`fetch("/v1/jobs/%s").then((r) => r.json()).then((j) => window.job = j) && window.job?.outcome === "COMPLETED"`, job["jobID"]), fmt.Sprintf("for the job %v", job))
	if n := browser.Value[int](w, "window.job.approvals.length"); n != 1 {
		j.t.Errorf("the job has %d approvals", n)
	}
	w.Go(j.site.url + "/approve/apr_00000000000000000000")
	w.See("There is no such request")
}

// signedSecret signs a secret on its page, which has only a hash of the value,
// and sets it as the program of whoever is signed in does.
func (j *journey) signedSecret() {
	w := j.admin
	const value = "hunter2"
	salt := []byte("0123456789abcdef")
	w.Go(j.site.url + "/")
	w.See("Passkeys")
	asked := fetched(w, "POST", "/v1/approvals", "", fmt.Sprintf(`JSON.stringify({secret: {name: "KEY", domains: ["api.example.com"], value: %q}})`,
		identity.SecretHash(salt, []byte(value))))
	page, _ := asked["url"].(string)
	w.Go(page)
	w.See("A secret of your tenant is to be given a value.", "KEY", "api.example.com", identity.SecretHash(salt, []byte(value)), "Nobody has signed yet.")
	w.Press("Review and sign")
	w.See("Sign this change", "Give the secret KEY a value.")
	w.Press("Sign with a passkey")
	w.See("Signed. The change can be made now", "Complete.")
	id := page[strings.LastIndex(page, "/")+1:]
	set := fetched(w, "PUT", "/v1/secrets/KEY", fmt.Sprintf(`"If-None-Match": "*", "Glovebox-Approval": %q`, id),
		fmt.Sprintf(`JSON.stringify({value: btoa(%q), salt: btoa(%q), domains: ["api.example.com"]})`, value, salt))
	if set["name"] != "KEY" || set["version"] != 1.0 {
		j.t.Errorf("the secret: %v", set)
	}
}

// signedByTwo has root of the machine ask for two people, of whom one is not
// enough.
func (j *journey) signedByTwo() {
	j.site.asRoot("PUT", "/v1/host/tenants/local", http.Header{"If-None-Match": {"*"}}, map[string]any{"twoPerson": true}, &struct{}{})
	w := j.admin
	page := j.askForJob(j.bob)
	w.Go(page)
	w.See("0 of 2 people have signed.", hostile)
	w.Press("Review and sign")
	w.Press("Sign with a passkey")
	w.See("It needs one more person", "1 of 2 people have signed. Somebody else has to sign, too.")
	j.bob.Go(page)
	j.bob.See("1 of 2 people have signed.")
	j.bob.Press("Review and sign")
	j.bob.See("Agree to this job")
	j.bob.Press("Sign with a passkey")
	j.bob.See("Signed. The job can be submitted now", "Complete.")
}

// wrongPlace opens the pages under an address that passkeys are not bound to.
func (j *journey) wrongPlace() {
	w := j.admin
	elsewhere := strings.Replace(j.site.url, "localhost", "127.0.0.1", 1)
	w.Go(elsewhere + "/login")
	w.See("Passkeys do not work at this address", j.site.url)

	// A one-time link goes on working where the notice leads to.
	for _, fragment := range []string{"#one-time.token", "#another.one"} {
		w.Go(elsewhere + "/enrol" + fragment)
		w.See("Passkeys do not work at this address")
		if left := browser.Value[string](w, "location.hash"); left != "" {
			j.t.Errorf("the token is left in the address bar: %s", left)
		}
		if there := browser.Value[string](w, `document.querySelector("#notice a").href`); there != j.site.url+"/enrol"+fragment {
			j.t.Errorf("the notice leads to %s, without %s", there, fragment)
		}
	}
}

// nextStays tries ?next= that would lead away.
func (j *journey) nextStays() {
	w := j.admin
	for _, next := range []string{"https://elsewhere.example/", "//elsewhere.example/", `/\elsewhere.example/`, "/.//elsewhere.example/", "javascript:document.title='pwned'", "/\t/elsewhere.example/", "/login"} {
		w.Go(j.site.url + "/login?" + url.Values{"next": {next}}.Encode())
		w.Press("Sign in with a passkey")
		w.Until(fmt.Sprintf("location.origin === %q && !location.pathname.startsWith('/login')", j.site.url), "to stay here, for next="+next)
		w.Until("document.readyState === 'complete'", "to be there")
	}
	w.TakeComplaints() // of the page //elsewhere.example, which is none
}
