// The account page: each part stands in a module of its own and is shown to
// who may do what it is for.
import { start as audit } from "./audit.js";
import { Problem } from "./call.js";
import { makeCodes } from "./codes.js";
import { byID } from "./dom.js";
import { start as invitations } from "./invitations.js";
import { done, during, failed, wrongPlace } from "./notice.js";
import { start as passkeys } from "./passkeys.js";
import { start as people } from "./people.js";
import { start as rules } from "./rules.js";
import { start as sessions } from "./sessions.js";
import { start as usage } from "./usage.js";
import { signedIn } from "./who.js";

// parts are the sections by id, with the action that each needs.
const parts = {
	passkeys: ["self.read", passkeys],
	codes: ["recovery.codes", codes],
	sessions: ["self.read", sessions],
	people: ["person.read", people],
	invitations: ["person.invite", invitations],
	rules: ["rule.read", rules],
	usage: ["self.read", usage],
	audit: ["audit.read", audit],
};

async function codes() {
	byID("codes-make").addEventListener("click", (e) =>
		during(e.currentTarget, async () => {
			if (await makeCodes()) done("New recovery codes are made.");
		}),
	);
}

// asked goes to the part that the address names, as commands print it.
function asked(fragment) {
	const id = fragment.slice(1).split("=")[0];
	if (!Object.hasOwn(parts, id)) return;
	if (byID(id).hidden) throw new Problem(403, { detail: "your role does not let you do this", hint: "ask an administrator of your tenant" });
	byID(id).scrollIntoView();
}

async function start() {
	const fragment = location.hash; // before a part takes what it carries
	const who = await signedIn();
	await Promise.all(
		Object.entries(parts).map(async ([id, [action, part]]) => {
			if (!who.actions.includes(action)) return;
			try {
				await part(who);
				byID(id).hidden = false;
			} catch (err) {
				failed(err);
			}
		}),
	);
	asked(fragment);
	window.addEventListener("hashchange", (e) => {
		try {
			asked(new URL(e.newURL).hash);
		} catch (err) {
			failed(err);
		}
	});
}

if (!wrongPlace()) start().catch(failed);
