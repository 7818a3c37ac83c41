// The part of the account page for invitations.
import { call, get, post } from "./call.js";
import { copyButton } from "./codes.js";
import { byID, el, rows, when, word } from "./dom.js";
import { done, during, filled } from "./notice.js";
import { roles } from "./people.js";
import { dialog, signed } from "./sign.js";

async function list() {
	const { invitations } = await get("/v1/invitations");
	rows(byID("invitation-list"), invitations.map(row), "No invitation is open.");
}

const row = (i) =>
	el(
		"li",
		{ "data-id": i.id },
		el("div", {}, word(i.name ?? "", { class: "name" }), el("span", { class: "tag" }, i.role), el("p", { class: "quiet" }, "Good until ", when(i.until))),
		el("div", { class: "actions" }, el("button", { type: "button", class: "small danger revoke", click: (e) => during(e.currentTarget, () => revoke(i)) }, "Revoke")),
	);

async function revoke(i) {
	await call("DELETE", `/v1/invitations/${encodeURIComponent(i.id)}`);
	await list();
	done("The invitation is worthless now.");
}

async function invite() {
	const name = byID("invitation-name").value;
	const role = byID("invitation-role").value;
	const made = await signed({ action: "person.invite", parameters: { name, role } }, (signature) => post("/v1/invitations", { name, role, signature }), { title: "Invite somebody" });
	if (!made) return;
	byID("invitation-form").reset();
	await list();
	done(`The invitation for ${name} is made.`);
	const close = el("button", { type: "button", class: "primary" }, "Done");
	const d = dialog(
		"The link",
		el("p", {}, "Give it to ", word(name, { class: "name" }), " and nobody else: whoever opens it first joins. It works once, until ", when(made.invitation.until), ", and is not shown again."),
		el("code", { class: "secret", id: "link" }, made.url),
		el("div", { class: "buttons" }, close, copyButton(made.url)),
	);
	close.addEventListener("click", () => d.close());
}

// start shows the part; who can give out roles up to their own.
export async function start(who) {
	await list();
	const most = roles.indexOf(who.role);
	byID("invitation-role").replaceChildren(...roles.slice(0, most + 1).map((r) => el("option", { value: r, selected: r === "developer" }, r)));
	byID("invitation-form").addEventListener("submit", (e) => {
		e.preventDefault();
		if (filled(e.target)) during(e.submitter, invite);
	});
}
