// Signing: a dialog that says in words what will be signed, and then has a
// passkey sign exactly that.
import { post, reworded } from "./call.js";
import { el, visible } from "./dom.js";
import { failed } from "./notice.js";
import { answer } from "./passkey.js";
import { exact, inWords } from "./words.js";

// dialog shows a dialog with a title and content and returns it. It is gone
// from the page when it is closed.
export function dialog(title, ...content) {
	const heading = el("h2", { id: "dialog-title" }, title);
	const d = el("dialog", { "aria-labelledby": "dialog-title" }, heading, ...content);
	d.addEventListener("close", () => d.remove());
	document.body.append(d);
	d.showModal();
	return d;
}

// step shows what comes next and waits until the person goes on. act is tried
// when they do; its failures are told in the dialog, where they can try again.
// The result is act's, or undefined if they turned back.
export function step({ title, content = [], label, danger, act }) {
	return new Promise((resolve) => {
		const problem = el("div", { role: "alert" });
		const go = el("button", { type: "button", class: danger ? "danger" : "primary" }, label);
		const back = el("button", { type: "button" }, "Cancel");
		const d = dialog(title, problem, ...content, el("div", { class: "buttons" }, go, back));
		let result;
		d.addEventListener("close", () => resolve(result));
		back.addEventListener("click", () => d.close());
		go.addEventListener("click", async () => {
			problem.replaceChildren();
			go.disabled = true;
			try {
				result = (await act()) ?? true;
				d.close();
			} catch (err) {
				failed(err, problem);
			} finally {
				go.disabled = false;
			}
		});
		go.focus();
	});
}

// operationShown is an operation in words, with what else matters, and exactly.
const operationShown = (operation, about, more) => [
	el("p", {}, visible(inWords(operation, about))),
	...more,
	el("details", {}, el("summary", {}, "Exactly what you sign"), el("pre", { tabindex: "0" }, visible(exact(operation)))),
];

// signing shows what begin's challenge is for, has a passkey answer it, and gives
// the answer to use, the call that acts on it. about is what to call the
// operation's resource, more(operation) what to show besides. The result is
// use's, or undefined if the person turned back. A challenge can be answered
// once, so a failed attempt asks for another one.
export async function signing(begin, use, { title, about, danger, more = () => [] }) {
	let begun = await begin();
	return step({
		title,
		content: operationShown(begun.operation, about, more(begun.operation)),
		label: "Sign with a passkey",
		danger,
		act: async () => {
			begun ??= await begin();
			const { id, options } = begun;
			begun = undefined;
			const response = await answer(options);
			return reworded(() => use({ id, response }), "the signature was not accepted", "try again, or with another passkey");
		},
	});
}

// signed is signing for an operation that this page makes up.
export const signed = (operation, use, shown) => signing(() => post("/v1/step-up/begin", operation), use, shown);
