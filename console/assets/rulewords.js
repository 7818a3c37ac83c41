// Trust rules in words: whom a rule lets in, and what they may do.

// may says what each action is that a rule can allow.
export const may = {
	"job.submit": "submit jobs",
	"job.read": "read jobs and their output",
	"job.cancel": "cancel jobs",
	"image.read": "see which images there are",
	"image.add": "bring images",
	"self.read": "ask who they are",
};

const has = (rule, ...names) => names.some((n) => Object.hasOwn(rule.claims, n));

// numeric are the claims whose values are numbers that nobody can take over.
export const numeric = ["repository_id", "repository_owner_id", "project_id", "namespace_id"];

const known = { "token.actions.githubusercontent.com": "GitHub Actions", "gitlab.com": "GitLab" };

// place is the CI system that a rule is about. The issuer alone says which: any
// other one can put the same claims into its tokens.
export function place(rule) {
	const host = URL.canParse(rule.issuer) ? new URL(rule.issuer).host : "";
	return Object.hasOwn(known, host) ? known[host] : host || "an issuer";
}

const ref = (v) => {
	const [, kind, name] = /^refs\/(heads|tags)\/(.+)$/.exec(v) ?? [];
	return kind ? `on the ${kind === "heads" ? "branch" : "tag"} ${name}` : `on ${v}`;
};

// claims says what some of them mean; the others are told by name.
const claims = {
	repository_id: (v) => `of the repository with the number ${v}`,
	repository_owner_id: (v) => `whose owner has the number ${v}`,
	project_id: (v) => `of the project with the number ${v}`,
	namespace_id: (v) => `whose group has the number ${v}`,
	ref,
	environment: (v) => `in the environment ${v}`,
	job_workflow_ref: (v) => `of the workflow ${v}`,
	event_name: (v) => `started by ${v}`,
	sub: (v) => `with the subject ${v}`,
};

const order = Object.keys(claims);
const rank = (name) => (order.includes(name) ? order.indexOf(name) : order.length);

// listed joins phrases as people do.
const listed = (all) => (all.length < 2 ? all.join("") : `${all.slice(0, -1).join(", ")} and ${all.at(-1)}`);

// life is a number of seconds for people.
export const life = (seconds) => (seconds % 60 === 0 && seconds >= 60 ? `${seconds / 60} ${seconds === 60 ? "minute" : "minutes"}` : `${seconds} ${seconds === 1 ? "second" : "seconds"}`);

// whom says who gets in by a rule.
export function whom(rule) {
	const told = Object.keys(rule.claims)
		.sort((a, b) => rank(a) - rank(b))
		.map((name) => (Object.hasOwn(claims, name) ? claims[name] : (v) => `with ${name} ${v}`)(rule.claims[name] || "…"));
	return `Every job of ${place(rule)} ${told.length > 0 ? told.join(", ") : "whatever"}`;
}

// what says what they may do.
export const what = (rule) => (rule.actions.length > 0 ? listed(rule.actions.map((a) => may[a] ?? a)) : "nothing");

// watch says what somebody should think of before they sign.
export function watch(rule) {
	const event = rule.claims.event_name ?? "";
	const said = [];
	if (has(rule, "repository_id")) {
		if (event.startsWith("pull_request")) said.push("Jobs of pull requests get in: whoever may open one decides what they do.");
		else if (!has(rule, "event_name")) said.push("Jobs of pull requests stay out.");
	}
	if (has(rule, "ref") && !has(rule, "environment", "job_workflow_ref")) said.push("Whoever can push there decides what such a job does.");
	return said.join(" ");
}

// inWords is a rule in sentences.
export const inWords = (rule) => [`${whom(rule)} gets in. It may ${what(rule)}, for ${life(rule.seconds)} with each token.`, watch(rule)].filter(Boolean).join(" ");
