// The page of a signed job: what would run and what it widens, and a signature
// over exactly that. It is also that of a policy that is to be changed: a
// job's, while it runs, or the tenant's; and that of a secret.
import { get, post } from "./call.js";
import { byID, el, facts, rows, visible, when, word } from "./dom.js";
import { clear, done, during, failed, wrongPlace } from "./notice.js";
import { signing } from "./sign.js";
import { names, signedIn } from "./who.js";
import { bytes, exact, shell } from "./words.js";

const path = "/v1/approvals/" + encodeURIComponent(decodeURIComponent(location.pathname.slice("/approve/".length)));

let who; // is signed in
let named; // how to call a principal
let change; // of a policy or a secret is what is signed

// A limit's name and how to show it.
const limits = {
	cpus: ["CPUs", String],
	memory: ["Memory", bytes],
	pids: ["Processes", String],
	disk: ["Scratch space", bytes],
	inodes: ["Files made", String],
	files: ["Open files", String],
	output: ["Output", bytes],
};

const command = (job) => shell([...(job.entrypoint ?? []), ...(job.cmd ?? [])]) || "as the image says";

// isSecret says whether an operation sets or removes a secret.
const isSecret = (operation) => operation.action === "secret.write";

// isPolicy says whether an operation changes a policy and runs nothing.
const isPolicy = (operation) => operation.parameters.image === undefined && !isSecret(operation);

const allows = (parameters) => (parameters.policy ?? []).join(", ") || "nothing";

// showPolicy shows a change of a policy as the operation has it.
function showPolicy(operation, approval) {
	const job = operation.action !== "policy.change";
	byID("why").textContent = job ? "A job that is there already is to be allowed more than it has." : "What your tenant's jobs get without a signature is to be changed.";
	byID("what").textContent = "What would be allowed";
	facts(byID("facts"), [
		[job ? "Job" : "Tenant", operation.resource, true],
		["In place of revision", operation.version],
		["Allows", allows(operation.parameters), true],
		["Hash of all of it", operation.parameters.hash, true],
		["Asked by", named(approval.by)],
		["Good until", when(approval.until)],
	]);
}

// goes is where a secret may be sent.
const goes = (parameters) => (parameters.domains ?? []).join(", ") || "wherever a job's policy says";

// showSecret shows a change of a secret. Its value is with who asks, and only a
// hash of it here.
function showSecret(operation, approval) {
	const secret = operation.parameters;
	byID("why").textContent = secret.remove ? "A secret of your tenant is to be removed." : "A secret of your tenant is to be given a value.";
	byID("what").textContent = "The secret";
	facts(byID("facts"), [
		["Name", operation.resource, true],
		["In place of version", operation.version],
		...(secret.remove ? [] : [["Goes to", goes(secret), true], ["Hash of the value", secret.value, true]]),
		["Asked by", named(approval.by)],
		["Good until", when(approval.until)],
	]);
}

// showJob shows the job as the operation that is signed has it, and nothing
// that is told beside that. Values of the environment are not in it, only their
// hash: they may be secrets.
function showJob(operation, approval) {
	const job = operation.parameters;
	facts(byID("facts"), [
		["Image", job.image, true],
		["Digest", job.digest, true],
		["Command", command(job), true],
		["Runtime", job.runtime],
		["User", job.user || "as the image says"],
		["Folder", job.workdir, true],
		["May touch", allows(job), true],
		["Variables", (job.env ?? []).join(", "), true],
		["Input", { none: "none", streamed: "sent while it runs; not part of what you sign" }[job.stdin] ?? job.stdin],
		["Time", job.timeout],
		...Object.entries(job.limits ?? {}).map(([name, n]) => [limits[name]?.[0] ?? name, n ? (limits[name]?.[1] ?? String)(n) : ""]),
		["Asked by", named(approval.by)],
		["Good until", when(approval.until)],
	]);
}

function progress(signed, needed, mine) {
	if (signed >= needed) return "Complete.";
	if (needed === 1) return "Nobody has signed yet.";
	return `${signed} of ${needed} people have signed.${mine ? " Somebody else has to sign, too." : ""}`;
}

async function show() {
	const approval = await get(path);
	rows(byID("widens"), (approval.operation.parameters.widens ?? []).map((w) => el("li", {}, word(w))), "Nothing.");
	change = isPolicy(approval.operation) || isSecret(approval.operation);
	(isSecret(approval.operation) ? showSecret : change ? showPolicy : showJob)(approval.operation, approval);
	const signatures = approval.signatures ?? [];
	const mine = signatures.some((s) => s.by === who.name);
	byID("needed").textContent = progress(signatures.length, approval.needed, mine);
	byID("signatures").replaceChildren(...signatures.map((s) => el("li", {}, named(s.by), ", ", when(s.at))));
	byID("exact").textContent = visible(exact(approval.operation));
	byID("sign").hidden = mine || signatures.length >= approval.needed;
	byID("ask").hidden = false;
	return approval;
}

// inShort is what matters most of a job, to be seen while signing.
function inShort(operation) {
	const job = operation.parameters;
	const list = el("dl", { class: "facts" });
	const rest = isSecret(operation) ? [["Secret", operation.resource, true], ...(job.remove ? [] : [["Goes to", goes(job), true]])] : isPolicy(operation) ? [["Allows", allows(job), true]] : [["Image", job.image, true], ["Command", command(job), true]];
	facts(list, [["Widens", (job.widens ?? []).join(", ")], ...rest]);
	return [list];
}

async function sign() {
	const ok = await signing(() => post(path + "/begin"), (signature) => post(path + "/sign", signature), { title: change ? "Sign this change" : "Sign this job", more: inShort });
	if (!ok) return;
	const approval = await show();
	const left = approval.needed - (approval.signatures ?? []).length;
	done(left > 0 ? "Signed. It needs one more person." : `Signed. The ${change ? "change can be made" : "job can be submitted"} now; you can close this page.`);
}

async function start() {
	who = await signedIn();
	named = await names(who);
	clear();
	byID("sign").addEventListener("click", (e) => during(e.currentTarget, sign));
	await show();
}

if (!wrongPlace()) start().catch(failed);
