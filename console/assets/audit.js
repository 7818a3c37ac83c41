// The part of the account page for the audit log's end.
import { get } from "./call.js";
import { byID, el, rows, when, word } from "./dom.js";
import { names } from "./who.js";

const shown = 20;

// The log is read from old to new, so its end is looked for in ever longer
// stretches of time.
const minute = 60_000;
const stretches = [minute, 60 * minute, 24 * 60 * minute, 30 * 24 * 60 * minute, 0];
const most = 10; // pages of one stretch

// since returns the latest events of a stretch, newest first; 0 is all of the
// time there was. It is undefined if there are too many to go through.
async function since(stretch) {
	const from = stretch ? `&since=${new Date(Date.now() - stretch).toISOString()}` : "";
	let latest = [];
	let after = 0;
	for (let page = 0; page < most; page++) {
		const { events, next } = await get(`/v1/audit?limit=1000&after=${after}${from}`);
		latest = [...latest, ...events].slice(-shown);
		if (!next) return latest.reverse();
		after = next;
	}
	return undefined;
}

// start shows the part.
export async function start(who) {
	const named = await names(who);
	let latest = [];
	for (const stretch of stretches) {
		const found = await since(stretch);
		if (!found) break;
		latest = found;
		if (latest.length === shown) break;
	}
	rows(byID("audit-list"), latest.map((e) => row(e, named)), "Nothing has happened yet.");
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
