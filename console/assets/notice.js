// What a page says of what happened. The places are live regions, so screen
// readers say it too.
import { Problem, get, toLogin } from "./call.js";
import { byID, el, visible } from "./dom.js";

// clear forgets what was said before.
export function clear() {
	byID("notice").replaceChildren();
	byID("status").textContent = "";
	for (const e of document.querySelectorAll("[aria-invalid]")) e.removeAttribute("aria-invalid");
}

// done says that something went well.
export function done(text) {
	clear();
	byID("status").textContent = visible(text);
}

// failed says what went wrong, and what to do about it. A refusal where
// somebody must be signed in is the session's end, or a passkey's wrong answer:
// only the server knows.
export function failed(err, place = byID("notice")) {
	if (err instanceof Problem && err.status === 401 && !open()) {
		get("/v1/me").then(
			() => tell(err, place),
			(again) => (again.status === 401 ? toLogin() : tell(err, place)),
		);
		return;
	}
	tell(err, place);
}

function tell(err, place) {
	const said = describe(err);
	place.replaceChildren(
		el("div", { class: "notice bad" }, el("p", {}, visible(said.what)), said.hint ? el("p", { class: "quiet" }, visible(said.hint)) : null),
	);
	const input = err.field && document.querySelector(`[name="${CSS.escape(err.field)}"]`);
	if (input) {
		input.setAttribute("aria-invalid", "true");
		input.focus();
	}
}

// open says whether nobody needs to be signed in on this page: a refusal there
// is about what was shown, not about who is there.
const open = () => ["/login", "/enrol"].includes(location.pathname);

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function describe(err) {
	if (err instanceof Problem) {
		const field = err.field ? ` (${err.field})` : "";
		const id = err.status >= 500 && err.requestID ? ` Request ${err.requestID}.` : "";
		return { what: sentence(err.message + field), hint: err.hint ? sentence(err.hint) + id : id };
	}
	switch (err.name) {
		case "NotAllowedError":
			return { what: "The passkey was not used.", hint: "It was cancelled, took too long, or no passkey fits. You can try again." };
		case "InvalidStateError":
			return { what: "This device already has a passkey of yours.", hint: "Take another device or security key." };
		case "SecurityError":
			return { what: "The browser does not allow passkeys at this address.", hint: "Open the page under the address that it was set up with." };
		case "NotSupportedError":
			return { what: "This authenticator cannot make the passkey that is needed.", hint: "It must keep the passkey itself and ask for your finger, face or PIN." };
	}
	return { what: sentence(err.message || String(err)) };
}

// during disables a control while work goes on, and tells of its failure.
export async function during(control, work) {
	clear();
	control.disabled = true;
	control.setAttribute("aria-busy", "true");
	try {
		return await work();
	} catch (err) {
		failed(err);
	} finally {
		control.disabled = false;
		control.removeAttribute("aria-busy");
	}
}

// filled says whether all that a form needs is there, and tells of what is not.
export function filled(form, tell = failed) {
	for (const input of form.elements) {
		if (!input.willValidate) continue;
		input.value = input.tagName === "INPUT" ? input.value.trim() : input.value;
		if (input.checkValidity()) continue;
		const label = input.labels?.[0]?.textContent ?? input.ariaLabel ?? input.name;
		tell({ field: input.name, message: `${label}: ${input.validationMessage}` });
		return false;
	}
	return true;
}

// wrongPlace says so if the page was opened at another address than the one
// that passkeys are bound to; they would not work here. The link to there takes
// the fragment along, also one that has left the address bar.
export function wrongPlace(fragment = location.hash) {
	const origin = document.querySelector('meta[name="glovebox-origin"]').content;
	if (location.origin === origin) return false;
	const there = origin + location.pathname + location.search + fragment;
	byID("notice").replaceChildren(
		el("div", { class: "notice bad" }, el("p", {}, "Passkeys do not work at this address."), el("p", {}, "Go to ", el("a", { href: there }, origin), ".")),
	);
	return true;
}
