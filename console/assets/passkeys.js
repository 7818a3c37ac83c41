// The part of the account page for passkeys.
import { call, get, post } from "./call.js";
import { byID, el, rows, when, word } from "./dom.js";
import { done, during, filled } from "./notice.js";
import { create } from "./passkey.js";
import { signed, step } from "./sign.js";

async function list() {
	const { passkeys } = await get("/v1/me/passkeys");
	rows(byID("passkey-list"), passkeys.map(row), "You have no passkey.");
}

const row = (k) =>
	el(
		"li",
		{ "data-id": k.id },
		el(
			"div",
			{},
			word(k.name, { class: "name" }),
			k.disabled ? el("span", { class: "tag bad" }, "disabled") : k.synced ? el("span", { class: "tag" }, "synced") : null,
			el("p", { class: "quiet" }, "Added ", when(k.createdAt), ", last used ", when(k.usedAt), k.disabled ? ". Disabled: " : "", k.disabled ? word(k.disabled) : ""),
		),
		el(
			"div",
			{ class: "actions" },
			el("button", { type: "button", class: "small rename", click: () => rename(k) }, "Rename"),
			el("button", { type: "button", class: "small danger remove", click: (e) => during(e.currentTarget, () => remove(k)) }, "Remove"),
		),
	);

async function rename(k) {
	const input = el("input", { id: "rename", name: "rename", maxlength: "100", autocomplete: "off" });
	input.value = k.name;
	const renamed = await step({
		title: "Rename the passkey",
		content: [el("label", { for: "rename" }, "New name"), input],
		label: "Rename",
		act: () => call("PATCH", `/v1/me/passkeys/${encodeURIComponent(k.id)}`, { name: input.value.trim() }),
	});
	if (!renamed) return;
	await list();
	done("The passkey has its new name.");
}

async function remove(k) {
	const removed = await signed(
		{ action: "passkey.remove", resource: k.id },
		(signature) => post(`/v1/me/passkeys/${encodeURIComponent(k.id)}/remove`, { signature }),
		{ title: "Remove a passkey", about: k.name, danger: true },
	);
	if (!removed) return;
	await list(); // leads to the login page if it was this session's
	done(`${k.name} is removed.`);
}

// add takes two steps, each begun by the person: one passkey signs, another
// one is made. Browsers want a click for each.
async function add() {
	const name = byID("passkey-name").value;
	const begun = await signed(
		{ action: "passkey.add", parameters: { name } },
		(signature) => post("/v1/me/passkeys/begin", { name, signature }),
		{ title: "First sign with a passkey you have" },
	);
	if (!begun) return;
	const made = await step({
		title: "Now make the new one",
		content: [el("p", {}, "Choose another device or security key than the ones you have registered: ", word(name, { class: "name" }), ".")],
		label: "Create the passkey",
		act: async () => post("/v1/me/passkeys/finish", { id: begun.id, response: await create(begun.options) }),
	});
	if (!made) return;
	byID("passkey-form").reset();
	await list();
	done(`${name} is added.`);
}

// start shows the part.
export async function start() {
	await list();
	byID("passkey-form").addEventListener("submit", (e) => {
		e.preventDefault();
		if (filled(e.target)) during(e.submitter ?? e.target.elements[1], add);
	});
}
