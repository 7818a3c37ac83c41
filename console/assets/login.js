// The login page.
import { post, reworded } from "./call.js";
import { byID, el } from "./dom.js";
import { nextFrom } from "./next.js";
import { clear, done, during, filled, wrongPlace } from "./notice.js";
import { answer, create, platform, thisDevice } from "./passkey.js";
import { step } from "./sign.js";

const next = nextFrom(location.search, location.origin);

async function login() {
	const { id, options } = await post("/v1/login/begin", {});
	const response = await answer(options);
	await reworded(
		() => post("/v1/login/finish", { id, response, device: thisDevice() }),
		"this passkey was not accepted",
		"use another one; if it worked before, an administrator may have disabled your account",
	);
	location.assign(next.includes("#") ? next : next + location.hash);
}

// recover uses up a code and registers a passkey. The session that a code opens
// is good for nothing else, and ends with it.
async function recover(form) {
	const name = form.elements.passkey.value;
	await reworded(
		() => post("/v1/login/code", { code: form.elements.code.value, device: thisDevice() }),
		"this code is wrong, or was used",
		"each works once, and making new ones makes earlier ones worthless",
	);
	form.elements.code.value = "";
	const made = await step({
		title: "Make a new passkey",
		content: [el("p", {}, "The code was right. Make a passkey on this device now; you then sign in with it.")],
		label: "Create a passkey",
		act: async () => {
			const { id, options } = await post("/v1/me/passkeys/begin", { name });
			return post("/v1/me/passkeys/finish", { id, response: await create(options) });
		},
	});
	if (!made) {
		await post("/v1/me/logout");
		clear();
		return;
	}
	byID("recovery").open = false;
	done("The passkey is registered. Sign in with it, and remove those that are lost.");
}

if (!wrongPlace()) {
	byID("passkey").value = `Passkey on ${platform()}`;
	byID("login").addEventListener("click", (e) => during(e.currentTarget, login));
	byID("code-form").addEventListener("submit", (e) => {
		e.preventDefault();
		if (filled(e.target)) during(e.submitter ?? byID("login"), () => recover(e.target));
	});
	byID("login").focus();
}
