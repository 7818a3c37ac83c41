// The part of the account page for what the tenant's jobs take.
import { get } from "./call.js";
import { byID, el, visible } from "./dom.js";
import { bytes } from "./words.js";

const plain = (n) => n.toLocaleString();

const meters = [
	["concurrentJobs", "Jobs at one time", plain],
	["queuedJobs", "Jobs that wait", plain],
	["cpus", "CPUs", plain],
	["memory", "Memory", bytes],
	["outputBytes", "Output that is kept", bytes],
	["artifactBytes", "Artifacts that are kept", bytes],
];

// start shows the part.
export async function start() {
	const { tenant, usage } = await get("/v1/tenant");
	byID("usage-title").textContent = visible(`Usage of ${tenant.name || tenant.id}`);
	byID("usage-list").replaceChildren(
		...meters
			.filter(([name]) => tenant.quota?.[name])
			.map(([name, label, shown]) => {
				const used = usage?.[name] ?? 0;
				const most = tenant.quota[name];
				return el("li", {}, el("div", {}, el("span", {}, label), el("span", { class: "quiet" }, `${shown(used)} of ${shown(most)}`)), el("progress", { "aria-label": label, max: String(most), value: String(Math.min(used, most)) }));
			}),
	);
}
