// Where to go after the login.

// nextFrom returns the URL that ?next= asks for if it is on this origin, and
// the account page otherwise. It is resolved as the browser would, and the
// whole URL is returned, for a path such as //host is another origin again.
export function nextFrom(search, origin) {
	const asked = new URLSearchParams(search).get("next") ?? "";
	const home = origin + "/";
	if (!asked.startsWith("/") || asked.startsWith("//")) return home;
	try {
		const url = new URL(asked, origin);
		return url.origin === origin && !url.pathname.startsWith("/login") ? url.href : home;
	} catch {
		return home;
	}
}
