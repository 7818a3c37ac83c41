// Calls of the API, and what becomes of those that fail.

// Problem is an answer that is none: what happened, and what to do about it.
export class Problem extends Error {
	constructor(status, document) {
		super(document.detail || document.title || `the server answered ${status}`);
		this.status = status;
		this.kind = document.kind;
		this.field = document.field;
		this.hint = document.hint;
		this.requestID = document.requestID;
	}
}

// reworded says what the server's uniform refusal means where it is known what
// was refused.
export async function reworded(work, detail, hint) {
	try {
		return await work();
	} catch (err) {
		throw err.status === 401 ? new Problem(401, { detail, hint }) : err;
	}
}

// call sends a request and returns the answer's document, or undefined if it
// has none. It throws a Problem.
export async function call(method, path, body) {
	const request = { method, credentials: "same-origin", cache: "no-store", redirect: "error", headers: { Accept: "application/json" } };
	if (body !== undefined) {
		request.headers["Content-Type"] = "application/json";
		// The server takes no nulls, and toJSON() of credentials has some.
		request.body = JSON.stringify(body, (_, value) => (value === null ? undefined : value));
	}
	let response;
	try {
		response = await fetch(path, request);
	} catch {
		throw new Problem(0, { detail: "the server cannot be reached", hint: "check that it runs, and try again" });
	}
	const text = await response.text();
	let document = {};
	try {
		document = text ? JSON.parse(text) : undefined;
	} catch {
		if (response.ok) throw new Problem(response.status, { detail: "the answer cannot be read" });
	}
	if (!response.ok) throw new Problem(response.status, document ?? {});
	return document;
}

export const get = (path) => call("GET", path);
export const post = (path, body) => call("POST", path, body);

// toLogin leaves for the login page, which comes back here. What the address
// carries behind the # stays there, so that it is sent nowhere.
export function toLogin() {
	location.replace("/login?next=" + encodeURIComponent(location.pathname + location.search) + location.hash);
}

// me says who is signed in, and goes to the login page if nobody is.
export async function me() {
	try {
		return await get("/v1/me");
	} catch (err) {
		if (err.status !== 401) throw err;
		toLogin();
		return new Promise(() => {}); // the page is being left
	}
}
