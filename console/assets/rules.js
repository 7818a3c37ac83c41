// The part of the account page for trust rules: which CI jobs get in.
import { get, post } from "./call.js";
import { copyButton } from "./codes.js";
import { byID, el, facts, rows, visible, when, word } from "./dom.js";
import { done, during, failed, filled } from "./notice.js";
import { claimRow, clear, complain, fill, preset, read, told } from "./ruleform.js";
import { ruleFrom } from "./rulelink.js";
import { inWords, life, what, whom } from "./rulewords.js";
import { dialog, signed } from "./sign.js";
import { names } from "./who.js";

let named; // makes principals' names ones for people

async function list() {
	const { rules } = await get("/v1/rules");
	rows(byID("rule-list"), rules.map(row), "No CI job gets in.");
}

const row = (r) =>
	el(
		"li",
		{ "data-id": r.id },
		el(
			"div",
			{},
			word(r.name, { class: "name" }),
			el("p", {}, visible(`${whom(r)} may ${what(r)}, for ${life(r.seconds)}.`)),
			el("p", { class: "quiet" }, word(r.id, { class: "mono" }), ", by ", named(r.by), ", ", when(r.createdAt)),
		),
		el("div", { class: "actions" }, el("button", { type: "button", class: "small danger remove", click: (e) => during(e.currentTarget, () => remove(r)) }, "Remove")),
	);

async function remove(r) {
	const gone = await signed({ action: "rule.remove", resource: r.id }, (signature) => post(`/v1/rules/${encodeURIComponent(r.id)}/remove`, { signature }), {
		title: "Keep CI jobs out",
		about: `${r.name} (${r.id})`,
		danger: true,
		more: () => [el("p", {}, visible(inWords(r)))],
	});
	if (!gone) return;
	await list();
	done(`The rule ${r.name} is removed.`);
}

// exactly is all that a rule says.
function exactly(r) {
	const list = el("dl", { class: "facts" });
	facts(list, [
		["Issuer", r.issuer, true],
		["Audience", r.audience, true],
		...Object.entries(r.claims).map(([name, value]) => [visible(name), value, true]),
		["May", r.actions.join(", "), true],
		["For", life(r.seconds)],
	]);
	return list;
}

async function add() {
	const rule = read();
	const made = await signed({ action: "rule.write", parameters: rule }, (signature) => post("/v1/rules", { ...rule, signature }), {
		title: "Let CI jobs in",
		more: (o) => [el("p", {}, visible(inWords(o.parameters))), exactly(o.parameters)],
	});
	if (!made) return;
	clear();
	byID("rule-add").open = false;
	says();
	await list();
	done("The rule is written.");
	tell(made);
}

// tell shows what the CI jobs have to know.
function tell(rule) {
	const origin = document.querySelector('meta[name="glovebox-origin"]').content;
	const lines = `GLOVEBOX_URL: ${origin}\nGLOVEBOX_RULE: ${rule.id}`;
	const close = el("button", { type: "button", class: "primary" }, "Done");
	const d = dialog(
		"What the jobs need",
		el("p", {}, "Set these variables where the jobs run. They are no secrets."),
		el("code", { class: "secret", id: "rule-lines" }, lines),
		el("div", { class: "buttons" }, close, copyButton(lines)),
	);
	close.addEventListener("click", () => d.close());
}

// says keeps the form's rule in words beside it.
function says() {
	const rule = read();
	byID("rule-says").textContent = visible(inWords({ ...rule, seconds: rule.seconds || 0 }));
}

// linked fills the form in with what the page's address carries, which leaves
// it then: it is to be read and signed once.
function linked() {
	let rule;
	try {
		rule = ruleFrom(location.hash);
	} catch (err) {
		failed(err);
	}
	if (location.hash.startsWith("#rules=")) history.replaceState(null, "", "/#rules");
	if (!rule) return;
	fill(rule);
	byID("rule-linked").hidden = false;
	byID("rule-add").open = true;
	says();
}

// start shows the part.
export async function start(who) {
	named = await names(who);
	await list();
	const form = byID("rule-form");
	clear();
	byID("rule-kind").addEventListener("change", () => {
		preset();
		says();
	});
	byID("claim-add").addEventListener("click", () => claimRow().querySelector("input").focus());
	form.addEventListener("input", says);
	form.addEventListener("submit", (e) => {
		e.preventDefault();
		told();
		if (filled(form, complain)) during(e.submitter, () => add().catch(complain));
	});
	says();
	linked();
	window.addEventListener("hashchange", linked);
}
