// The part of the account page for sessions.
import { call, get } from "./call.js";
import { byID, el, rows, when, word } from "./dom.js";
import { done, during } from "./notice.js";
import { step } from "./sign.js";
import { leave } from "./who.js";

const kinds = { browser: "browser", key: "program", recovery: "recovery", workload: "workload" };

async function list() {
	const { sessions } = await get("/v1/me/sessions");
	sessions.sort((a, b) => Number(b.current ?? false) - Number(a.current ?? false) || b.createdAt.localeCompare(a.createdAt));
	rows(byID("session-list"), sessions.map(row), "There is none.");
}

const row = (s) =>
	el(
		"li",
		{ "data-id": s.id },
		el(
			"div",
			{},
			word(s.name || "Unnamed", { class: "name" }),
			el("span", { class: "tag" }, kinds[s.kind] ?? s.kind),
			s.current ? el("span", { class: "tag good" }, "this one") : null,
			el("p", { class: "quiet" }, "Since ", when(s.createdAt), ", until ", when(s.until)),
		),
		el(
			"div",
			{ class: "actions" },
			s.current
				? el("button", { type: "button", class: "small", click: (e) => during(e.currentTarget, leave) }, "Sign out")
				: el("button", { type: "button", class: "small danger end", click: (e) => during(e.currentTarget, () => end(s)) }, "End"),
		),
	);

async function end(s) {
	await call("DELETE", `/v1/me/sessions/${encodeURIComponent(s.id)}`);
	await list();
	done("The session is over.");
}

async function endAll() {
	const ended = await step({
		title: "End all sessions",
		content: [el("p", {}, "Every browser and program of yours is signed out at once, this one too.")],
		label: "End all sessions",
		danger: true,
		act: () => call("DELETE", "/v1/me/sessions"),
	});
	if (ended) location.assign("/login");
}

// start shows the part.
export async function start() {
	await list();
	byID("sessions-end").addEventListener("click", (e) => during(e.currentTarget, endAll));
}
