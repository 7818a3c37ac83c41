// Who is signed in, at the top of each page that needs somebody.
import { get, me, post } from "./call.js";
import { byID, el, word } from "./dom.js";
import { failed } from "./notice.js";

// names returns a function that makes a principal's name one for people, as far
// as who may know it.
export async function names(who) {
	const known = new Map([[who.name, "you"]]);
	if (who.actions.includes("person.read")) {
		const { people } = await get("/v1/people");
		for (const p of people) if (p.id !== who.subject) known.set(`person:${p.id}`, p.name);
	}
	return (name) => word(known.get(name) ?? name);
}

// leave ends the session.
export async function leave() {
	await post("/v1/me/logout");
	location.assign("/login");
}

// signedIn returns who is, and shows it. Without anybody it goes to the login
// page, which comes back.
export async function signedIn() {
	const who = await me();
	byID("who").replaceChildren(
		el("span", {}, word(who.displayName, { class: "name" }), who.role ? el("span", { class: "tag" }, who.role) : null),
		el("button", { type: "button", class: "small", id: "logout", click: () => leave().catch(failed) }, "Sign out"),
	);
	return who;
}
