// The part of the account page for the people of the tenant.
import { get, post } from "./call.js";
import { byID, el, rows, when, word } from "./dom.js";
import { done, during } from "./notice.js";
import { signed } from "./sign.js";

export const roles = ["viewer", "developer", "admin"];

async function list(who) {
	const { people } = await get("/v1/people");
	people.sort((a, b) => a.name.localeCompare(b.name));
	rows(byID("person-list"), people.map((p) => row(p, who)), "There is nobody.");
}

const count = (n, one, many) => `${n} ${n === 1 ? one : many}`;

function row(p, who) {
	const self = p.id === who.subject;
	return el(
		"li",
		{ "data-id": p.id },
		el(
			"div",
			{},
			word(p.name, { class: "name" }),
			el("span", { class: "tag" }, p.role),
			self ? el("span", { class: "tag good" }, "you") : null,
			p.disabled ? el("span", { class: "tag bad" }, "disabled") : null,
			el("p", { class: "quiet" }, "Since ", when(p.createdAt), `, ${count(p.passkeys, "passkey", "passkeys")}, ${count(p.recoveryCodes, "recovery code", "recovery codes")}`),
		),
		self ? null : controls(p, who),
	);
}

function controls(p, who) {
	const role = el("select", { "aria-label": `Role of ${p.name}`, class: "role" }, ...roles.map((r) => el("option", { value: r, selected: r === p.role }, r)));
	role.addEventListener("change", () =>
		during(role, async () => {
			if (!(await change(p, who, "role", { role: role.value }))) role.value = p.role;
		}),
	);
	const what = p.disabled ? "enable" : "disable";
	const toggle = el("button", { type: "button", class: p.disabled ? "small enable" : "small danger disable" }, p.disabled ? "Enable" : "Disable");
	toggle.addEventListener("click", () => during(toggle, () => change(p, who, what)));
	return el("div", { class: "actions" }, role, toggle);
}

const titles = { role: "Change a role", disable: "Keep somebody out", enable: "Let somebody in again" };

// change asks for a signature over one change of a person.
async function change(p, who, what, parameters) {
	const changed = await signed(
		{ action: `person.${what}`, resource: p.id, parameters },
		(signature) => post(`/v1/people/${encodeURIComponent(p.id)}/${what}`, { ...parameters, signature }),
		{ title: titles[what], about: `${p.name} (${p.id})`, danger: what === "disable" },
	);
	if (!changed) return false;
	await list(who);
	done(`${p.name} is changed.`);
	return true;
}

// start shows the part.
export const start = list;
