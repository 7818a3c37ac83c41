// The page to which `glovebox login` sends the browser: it gives the program
// that waits at a loopback port a code, if the person agrees.
import { post } from "./call.js";
import { byID, facts, word } from "./dom.js";
import { during, failed, wrongPlace } from "./notice.js";
import { signedIn } from "./who.js";

const asked = new URLSearchParams(location.search);

// loopback returns the redirect as a URL if it leads to a program on this very
// machine: by address, for what a name means, a resolver decides.
function loopback(text) {
	const match = /^http:\/\/127\.0\.0\.1:([1-9]\d{0,4})\/[\w./~-]*$/.exec(text ?? "");
	return match && Number(match[1]) < 65536 ? new URL(text) : undefined;
}

// checked reads what the program asks for. Each value must be there once.
function checked() {
	for (const name of ["challenge", "redirect_uri", "state", "name"]) {
		if (asked.getAll(name).length !== 1) throw new Error(`the program's request is not complete: it lacks one ${name}`);
	}
	const redirect = loopback(asked.get("redirect_uri"));
	if (!redirect) throw new Error("the program asks to be answered at another machine: this is refused");
	if (!/^[\w-]{43}$/.test(asked.get("challenge"))) throw new Error("the program's challenge is malformed");
	return redirect;
}

async function approve(redirect) {
	const { code } = await post("/v1/me/cli-codes", {
		challenge: asked.get("challenge"),
		redirectURI: asked.get("redirect_uri"),
		name: asked.get("name"),
	});
	answer(redirect, { code });
}

// answer leaves for the program with what came of it.
function answer(redirect, outcome) {
	redirect.search = new URLSearchParams({ ...outcome, state: asked.get("state") }).toString();
	location.replace(redirect.href);
}

async function start() {
	const redirect = checked();
	const who = await signedIn();
	facts(byID("facts"), [
		["Program", asked.get("name")],
		["Answered at", redirect.host, true],
		["Signs in as", word(who.displayName)],
	]);
	byID("ask").hidden = false;
	byID("approve").addEventListener("click", (e) => during(e.currentTarget, () => approve(redirect)));
	byID("refuse").addEventListener("click", () => answer(redirect, { error: "access_denied" }));
}

if (!wrongPlace()) start().catch(failed);
