// The page of a one-time link: it registers a passkey. The link's token comes
// in the fragment, which is not sent to the server, and leaves the address bar
// and the history at once.
import { post, reworded } from "./call.js";
import { makeCodes } from "./codes.js";
import { byID, facts, visible, when } from "./dom.js";
import { clear, done, during, failed, filled, wrongPlace } from "./notice.js";
import { create, platform, thisDevice } from "./passkey.js";

let token = "";
let name = ""; // of the person, if the link says it

function takeToken() {
	token = location.hash.slice(1);
	history.replaceState(null, "", location.pathname);
}

const titles = {
	first_admin: "Become the first administrator",
	invite: "You are invited",
	recover: "Register a new passkey",
};

// show says what the link is for.
async function show() {
	clear();
	byID("done").hidden = byID("form").hidden = true;
	facts(byID("facts"), []);
	if (!token) throw new Error("the link is not complete: open it again as you got it, up to its end");
	const link = await reworded(
		() => post("/v1/links/inspect", { token }),
		"this link does not work",
		"it was used, its time is over, or a part of it is missing; ask for another one",
	);
	byID("title").textContent = titles[link.purpose] ?? "Join";
	facts(byID("facts"), [
		["Name", link.name],
		["Tenant", link.tenant],
		["Role", link.role],
		["Good until", when(link.until)],
	]);
	name = link.name ?? "";
	const input = byID("name");
	input.required = !name;
	input.hidden = input.labels[0].hidden = Boolean(name);
	byID("passkey").value = `Passkey on ${platform()}`;
	byID("form").hidden = false;
	(name ? byID("passkey") : input).focus();
}

// enrol makes the passkey. The link is used up only if that works.
async function enrol() {
	const chosen = name || byID("name").value;
	const { id, options } = await post("/v1/links/begin", { token, name: name ? undefined : chosen, passkey: byID("passkey").value });
	await post("/v1/links/finish", { id, response: await create(options), device: thisDevice() });
	token = "";
	byID("form").hidden = true;
	byID("title").textContent = visible(`Welcome, ${chosen}`);
	facts(byID("facts"), []);
	byID("done").hidden = false;
	byID("codes").focus();
}

// arrive says what the link is for, or where it has to be opened.
function arrive() {
	takeToken();
	if (!wrongPlace(token && "#" + token)) show().catch(failed);
}

arrive();
// Another link that is opened in the same tab changes only the fragment.
window.addEventListener("hashchange", () => {
	if (location.hash) arrive();
});
byID("form").addEventListener("submit", (e) => {
	e.preventDefault();
	if (filled(e.target)) during(byID("create"), enrol);
});
byID("codes").addEventListener("click", (e) =>
	during(e.currentTarget, async () => {
		if (await makeCodes()) done("Recovery codes are made.");
	}),
);
