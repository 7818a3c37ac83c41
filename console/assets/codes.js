// Recovery codes: made with a signature, shown once.
import { post } from "./call.js";
import { el } from "./dom.js";
import { dialog, signed } from "./sign.js";

// copyButton copies text and says that it did.
export function copyButton(text, label = "Copy") {
	const b = el("button", { type: "button" }, label);
	b.addEventListener("click", async () => {
		try {
			await navigator.clipboard.writeText(text);
			b.textContent = "Copied";
		} catch {
			b.textContent = "Select and copy by hand";
		}
	});
	return b;
}

// makeCodes makes codes and shows them. It returns whether it did.
export async function makeCodes() {
	const made = await signed({ action: "recovery.codes" }, (signature) => post("/v1/me/recovery-codes", { signature }), { title: "Make recovery codes" });
	if (!made) return false;
	const close = el("button", { type: "button", class: "primary" }, "I have kept them");
	const d = dialog(
		"Your recovery codes",
		el("p", {}, "Keep them where you would keep a key: on paper, or in a password manager that does not hold your passkeys. They are not shown again."),
		el("ul", { class: "secrets", "aria-label": "Recovery codes" }, ...made.codes.map((c) => el("li", {}, c))),
		el("div", { class: "buttons" }, close, copyButton(made.codes.join("\n"), "Copy all")),
	);
	close.addEventListener("click", () => d.close());
	await new Promise((resolve) => d.addEventListener("close", resolve));
	return true;
}
