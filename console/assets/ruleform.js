// The form of a trust rule: its rows of claims, what it starts with for each CI
// system, and reading it.
import { byID, el } from "./dom.js";
import { failed } from "./notice.js";
import { numeric, place } from "./rulewords.js";

const actions = () => [...document.querySelectorAll("#rule-actions input")];
const claimRows = () => [...byID("claim-list").children];
const nameOf = (row) => row.querySelector(".claim-name");
const valueOf = (row) => row.querySelector(".claim-value");

// presets are the claims that a rule for a CI system needs, and a hint.
const presets = {
	github: { claims: { repository_id: "", repository_owner_id: "", ref: "refs/heads/main" }, help: "github-help" },
	gitlab: { claims: { project_id: "", namespace_id: "", ref: "main", ref_type: "branch" }, help: "gitlab-help" },
	other: { claims: { sub: "" }, help: "other-help" },
};

// claimRow adds a row for one claim. The value's input has the name that the
// server calls the field by.
export function claimRow(name = "", value = "") {
	const key = el("input", { class: "claim-name mono", "aria-label": "Claim", list: "claim-names", maxlength: "100", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
	const text = el("input", { class: "claim-value mono", maxlength: "500", required: true, autocomplete: "off", autocapitalize: "none", spellcheck: "false" });
	const remove = el("button", { type: "button", class: "small" }, "Remove");
	const row = el("li", {}, key, text, remove);
	const check = () => {
		const claim = key.value.trim();
		const digits = numeric.includes(claim);
		text.name = `claims.${claim}`;
		text.inputMode = digits ? "numeric" : "text";
		text.placeholder = digits ? "digits, never a name" : "the exact value";
		text.setAttribute("aria-label", `Value of ${claim || "the claim"}`);
		remove.setAttribute("aria-label", `Remove ${claim || "the claim"}`);
		const twice = claimRows().some((other) => other !== row && claim && nameOf(other).value.trim() === claim);
		key.setCustomValidity(twice ? "this claim is there twice" : "");
		text.setCustomValidity(
			digits && /\D/.test(text.value.trim()) ? "only digits, because names can be taken over by others" : /[*?]/.test(text.value) ? "claims are compared whole: there are no wildcards" : "",
		);
	};
	key.value = name;
	text.value = value;
	row.addEventListener("input", check);
	remove.addEventListener("click", () => {
		row.remove();
		byID("rule-form").dispatchEvent(new Event("input"));
		byID("claim-add").focus();
	});
	byID("claim-list").append(row);
	check();
	return row;
}

const problem = byID("rule-problem");

// complain tells of a failure at the field that it is about, also of a claim that
// the form does not have yet.
export function complain(err) {
	err.field = err.field?.replace(/^parameters\./, "");
	const claim = /^claims\.(.+)$/s.exec(err.field ?? "")?.[1];
	if (claim && !claimRows().some((row) => nameOf(row).value.trim() === claim)) claimRow(claim);
	const field = byID("rule-form").querySelector(`[name="${CSS.escape(err.field ?? "-")}"]`);
	const row = field?.closest("li");
	if (row) row.append(problem);
	else (field ?? byID("rule-says")).after(problem);
	failed(err, problem);
}

// told forgets what was complained about.
export const told = () => problem.replaceChildren();

function help(kind) {
	for (const [name, preset] of Object.entries(presets)) byID(preset.help).hidden = name !== kind;
}

// preset gives the form what rules for a CI system have in common.
export function preset() {
	const option = byID("rule-kind").selectedOptions[0];
	byID("rule-issuer").value = option.dataset.issuer ?? "";
	byID("claim-list").replaceChildren();
	for (const [name, value] of Object.entries(presets[option.value].claims)) claimRow(name, value);
	help(option.value);
}

// fill puts a rule into the form.
export function fill(rule) {
	told();
	const kind = { "GitHub Actions": "github", GitLab: "gitlab" }[place(rule)] ?? "other";
	byID("rule-kind").value = kind;
	help(kind);
	for (const part of ["name", "issuer", "audience", "seconds"]) byID(`rule-${part}`).value = String(rule[part]);
	byID("claim-list").replaceChildren();
	for (const [name, value] of Object.entries(rule.claims)) claimRow(name, value);
	for (const box of actions()) box.checked = rule.actions.includes(box.value);
}

// clear puts back what the form starts with.
export function clear() {
	byID("rule-form").reset();
	byID("rule-linked").hidden = true;
	told();
	byID("rule-audience").value = document.querySelector('meta[name="glovebox-origin"]').content;
	preset();
}

// read is the rule that the form has.
export const read = () => ({
	name: byID("rule-name").value.trim(),
	issuer: byID("rule-issuer").value.trim(),
	audience: byID("rule-audience").value.trim(),
	claims: Object.fromEntries(claimRows().map((row) => [nameOf(row).value.trim(), valueOf(row).value.trim()])),
	actions: actions()
		.filter((box) => box.checked)
		.map((box) => box.value),
	seconds: Number(byID("rule-seconds").value),
});
