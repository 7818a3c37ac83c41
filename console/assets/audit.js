// The part of the account page for the audit log, from its end on.
import { get } from "./call.js";
import { byID, el, rows, when, word } from "./dom.js";
import { during } from "./notice.js";
import { names } from "./who.js";

const shown = 20; // events at one time

// older returns the events before a place in the log, newest first, and the
// place before which there are more.
const older = (place) => get(`/v1/audit?order=desc&limit=${shown}${place ? `&before=${place}` : ""}`);

// start shows the part.
export async function start(who) {
	const named = await names(who);
	const list = byID("audit-list");
	const button = byID("audit-older");
	let page = await older();
	const show = (events) => events.map((e) => row(e, named));
	rows(list, show(page.events), "Nothing has happened yet.");
	button.hidden = !page.next;
	button.addEventListener("click", () =>
		during(button, async () => {
			page = await older(page.next);
			list.append(...show(page.events));
			button.hidden = !page.next;
		}),
	);
}

const row = (e, named) =>
	el(
		"li",
		{},
		el(
			"div",
			{},
			word(e.action, { class: "name" }),
			e.ok ? null : el("span", { class: "tag bad" }, word(e.kind || "refused")),
			el("p", { class: "quiet" }, e.actor ? named(e.actor) : "nobody known", ", ", when(e.at)),
		),
		e.target ? word(e.target, { class: "mono target" }) : null,
	);
