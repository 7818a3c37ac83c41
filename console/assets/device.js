// The page for programs on machines without a browser. The code is typed, never
// taken from the address: who is sent a link must not sign somebody else in.
import { get, post, reworded } from "./call.js";
import { byID, el, facts, when, word } from "./dom.js";
import { clear, done, during, failed, filled, wrongPlace } from "./notice.js";
import { signed } from "./sign.js";
import { signedIn } from "./who.js";

// place says in words where an address is.
function place(address) {
	const ip = address.replace(/^\[?([^\]]*)\]?(:\d+)?$/, (all, a) => (/^[\d.]+$/.test(a) || a.includes(":") ? a : all)).replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1");
	if (/^(127\.|::1$)/.test(ip)) return "the server's own machine";
	if (/^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|f[cd]|fe80:)/i.test(ip)) return "a private network";
	return "the internet";
}

let code = "";
let device;

async function look() {
	code = byID("code").value;
	device = await reworded(
		() => get("/v1/me/devices/" + encodeURIComponent(code)),
		"no device waits under this code",
		"look at it again; a code is good for five minutes",
	);
	facts(byID("facts"), [
		["Machine", device.name],
		["Address", el("span", {}, word(device.from, { class: "mono" }), ` (${place(device.from)})`)],
		["Waits until", when(device.until)],
	]);
	byID("form").hidden = true;
	byID("ask").hidden = false;
	byID("title").focus();
}

async function approve() {
	const { action, resource, version, parameters } = device.operation;
	const ok = await signed(
		{ action, resource, version, parameters },
		(signature) => post(`/v1/me/devices/${encodeURIComponent(code)}/approve`, { signature }),
		{ title: "Sign in this device" },
	);
	if (ok) end("The device is signed in. You can close this page; its session is on your account page.");
}

function end(text) {
	byID("ask").hidden = true;
	byID("code").value = code = "";
	device = undefined;
	done(text);
}

async function start() {
	await signedIn();
	byID("form").hidden = false;
	byID("form").addEventListener("submit", (e) => {
		e.preventDefault();
		if (filled(e.target)) during(e.submitter ?? byID("code"), look);
	});
	byID("approve").addEventListener("click", (e) => during(e.currentTarget, approve));
	byID("refuse").addEventListener("click", () => {
		clear();
		end("Nothing was signed in. The code ends by itself.");
	});
	byID("code").focus();
}

if (!wrongPlace()) start().catch(failed);
