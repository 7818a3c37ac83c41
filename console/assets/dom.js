// Elements and text. Text goes in as text alone: names, commands and messages
// are other people's words.

// visible spells out the characters that would hide or reorder others, so that
// what is read is what is there.
export function visible(text) {
	return String(text).replace(
		/[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu,
		(c) => `\\u{${c.codePointAt(0).toString(16)}}`,
	);
}

// el makes an element. Attributes whose value is false or undefined are left
// out; a function is a listener for the event of that name. Children are
// elements, or text.
export function el(tag, attributes = {}, ...children) {
	const e = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (typeof value === "function") e.addEventListener(name, value);
		else if (value !== undefined && value !== false) e.setAttribute(name, value === true ? "" : value);
	}
	e.append(...children.filter((c) => c !== undefined && c !== null));
	return e;
}

// word is text of somebody else, kept apart from the text around it.
export const word = (text, attributes) => el("bdi", attributes, visible(text));

export const byID = (id) => document.getElementById(id);

// facts fills a description list with [term, value] pairs; pairs without a
// value are left out. A value is text, or an element; mono means as it is.
export function facts(list, pairs) {
	list.replaceChildren(
		...pairs
			.filter(([, value]) => value !== undefined && value !== null && value !== "")
			.flatMap(([term, value, mono]) => [
				el("dt", {}, term),
				el("dd", { class: mono && "mono" }, value instanceof Node ? value : word(value)),
			]),
	);
}

// rows fills a list with one item each, or says that there is none.
export function rows(list, items, empty) {
	list.replaceChildren(...(items.length > 0 ? items : [el("li", { class: "empty" }, empty)]));
}

const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

// when is a time for people, with the exact one behind it.
export function when(text) {
	const at = new Date(text);
	if (Number.isNaN(at.getTime())) return word(text);
	return el("time", { datetime: at.toISOString(), title: at.toISOString() }, format.format(at));
}
