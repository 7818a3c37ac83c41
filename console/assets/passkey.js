// Passkeys: the browser's WebAuthn, with JSON on our side.

const toBytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const toText = (buffer) =>
	btoa(String.fromCharCode(...new Uint8Array(buffer)))
		.replaceAll("+", "-")
		.replaceAll("/", "_")
		.replaceAll("=", "");

const withBytes = (all) => all?.map((c) => ({ ...c, id: toBytes(c.id) }));

// Browsers before 2025 do not convert by themselves; the second halves are for
// them.
function creation(options) {
	if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(options);
	return {
		...options,
		challenge: toBytes(options.challenge),
		user: { ...options.user, id: toBytes(options.user.id) },
		excludeCredentials: withBytes(options.excludeCredentials),
	};
}

function request(options) {
	if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(options);
	return { ...options, challenge: toBytes(options.challenge), allowCredentials: withBytes(options.allowCredentials) };
}

// plain is a credential as JSON. Some password managers give objects whose
// toJSON throws.
function plain(credential) {
	try {
		return credential.toJSON();
	} catch {
		const response = { clientDataJSON: toText(credential.response.clientDataJSON) };
		for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
			if (credential.response[name]) response[name] = toText(credential.response[name]);
		}
		if (credential.response.getTransports) response.transports = credential.response.getTransports();
		return {
			id: credential.id,
			rawId: toText(credential.rawId),
			type: credential.type,
			authenticatorAttachment: credential.authenticatorAttachment,
			clientExtensionResults: credential.getClientExtensionResults(),
			response,
		};
	}
}

function supported() {
	if (!window.PublicKeyCredential || !navigator.credentials) {
		throw new Error(window.isSecureContext ? "this browser has no passkeys" : "passkeys need https: this page was opened without");
	}
}

// create makes a passkey and returns what the server checks.
export async function create(options) {
	supported();
	return plain(await navigator.credentials.create({ publicKey: creation(options) }));
}

// answer has a passkey sign a challenge and returns what the server checks.
export async function answer(options) {
	supported();
	return plain(await navigator.credentials.get({ publicKey: request(options) }));
}

// thisDevice is what to call this browser: for the list of sessions.
export function thisDevice() {
	const data = navigator.userAgentData;
	const brand = data?.brands?.find((b) => !/not.?a.?brand|chromium/i.test(b.brand))?.brand ?? data?.brands?.find((b) => b.brand === "Chromium")?.brand;
	const browser = brand ?? (/Firefox\//.exec(navigator.userAgent) ? "Firefox" : /Safari\//.test(navigator.userAgent) ? "Safari" : "Browser");
	return `${browser} on ${platform()}`;
}

// platform is the kind of machine: what a passkey made on it may be called.
export function platform() {
	const named = navigator.userAgentData?.platform;
	if (named) return named;
	return /(iPhone|iPad|Android|Macintosh|Windows|Linux)/.exec(navigator.userAgent)?.[1] ?? "this device";
}
