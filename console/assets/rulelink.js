// A rule that comes in the page's address, as `glovebox rules add` writes it:
// behind the #, so that it is sent nowhere. Anybody can make such an address,
// so nothing is done with it but to fill in the form.
import { Problem } from "./call.js";
import { may } from "./rulewords.js";

const most = 16 << 10; // characters

const text = (v, length) => typeof v === "string" && v.length <= length;
const object = (v) => typeof v === "object" && v !== null && !Array.isArray(v);

// parts are what a rule has, each with what it must be.
const parts = {
	name: (v) => text(v, 100),
	issuer: (v) => text(v, 500),
	audience: (v) => text(v, 500),
	claims: (v) => object(v) && Object.keys(v).length <= 32 && Object.entries(v).every(([name, value]) => text(name, 100) && text(value, 500)),
	actions: (v) => Array.isArray(v) && v.length <= 32 && v.every((a) => Object.hasOwn(may, a)) && new Set(v).size === v.length,
	seconds: (v) => Number.isInteger(v) && v >= 1 && v <= 900,
};

const refused = (why) => new Problem(0, { detail: `the rule in this address is not one: ${why}`, hint: "run glovebox rules add again, and open the whole address" });

// ruleFrom returns the rule that a fragment carries, and undefined if it is
// about something else. Whatever is not exactly a rule is refused.
export function ruleFrom(fragment) {
	const carried = /^#rules=(.*)$/s.exec(fragment)?.[1];
	if (carried === undefined) return undefined;
	if (carried.length > most || !/^[\w-]+$/.test(carried)) throw refused("it is cut off or has characters that do not belong there");
	let rule;
	try {
		const bytes = Uint8Array.from(atob(carried.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
		rule = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch {
		throw refused("it is cut off or damaged");
	}
	if (!object(rule)) throw refused("it is something else");
	for (const name of Object.keys(rule)) if (!Object.hasOwn(parts, name)) throw refused(`a rule has no ${name}`);
	for (const [name, fits] of Object.entries(parts)) if (!Object.hasOwn(rule, name) || !fits(rule[name])) throw refused(`its ${name} cannot be that, or is missing`);
	return rule;
}
