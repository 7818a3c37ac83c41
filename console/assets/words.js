// Operations in words: what a person reads before they sign.

// sentences says what each action does; o is the operation, about what the
// page knows of its resource.
const sentences = {
	"person.invite": (o) => `Invite ${o.parameters.name} to join your tenant with the role ${o.parameters.role}.`,
	"person.role": (o, about) => `Give ${about} the role ${o.parameters.role}.`,
	"person.disable": (o, about) => `Keep ${about} out, and end all their sessions.`,
	"person.enable": (o, about) => `Let ${about} sign in again.`,
	"passkey.add": (o) => `Add a passkey called ${o.parameters.name} to your account. Whoever has it can sign in as you.`,
	"passkey.remove": (o, about) => `Remove the passkey ${about}, and end the sessions that it opened.`,
	"recovery.codes": () => "Make ten new recovery codes for your account. Earlier ones stop working.",
	"rule.write": (o) => `Let CI jobs in by a rule called ${o.parameters.name}:`,
	"rule.remove": (o, about) => `Remove the rule ${about}, and end the sessions that it gave.`,
	"session.device": (o) => `Let the device ${o.parameters.name}, seen at ${o.parameters.from}, act as you until its session ends.`,
	"job.widen": () => "Let this job run with more than your tenant allows without a signature.",
	"job.private": () => "Let this job reach addresses or private destinations, or any public name, beyond what your tenant allows.",
	"secret.write": (o, about) => (o.parameters.remove ? `Remove the secret ${about}.` : `Give the secret ${about} a value.`),
	"policy.change": () => "Change what your tenant's jobs get without a signature.",
	"job.approve": () => "Agree to this job, which asks for more than your tenant allows without a signature.",
};

// inWords says in a sentence what an operation does.
export function inWords(operation, about = operation.resource) {
	const o = { ...operation, parameters: operation.parameters ?? {} };
	return sentences[o.action]?.(o, about) ?? `Do ${o.action}${o.resource ? ` to ${about}` : ""}.`;
}

// exact is the operation as it is signed, for those who want to see it.
export const exact = (operation) => JSON.stringify(operation, null, 2);

const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

// bytes is a size for people.
export function bytes(n) {
	let unit = 0;
	while (n >= 1024 && unit < units.length - 1) {
		n /= 1024;
		unit++;
	}
	return `${Number.isInteger(n) ? n : n.toFixed(1)} ${units[unit]}`;
}

// shell is a command as one line, each word quoted that needs it.
export const shell = (words) => words.map((w) => (/^[\w@%+=:,./-]+$/.test(w) ? w : `'${w.replaceAll("'", `'\\''`)}'`)).join(" ");
