// Package identity turns proofs into principals: passkeys, one-time links,
// recovery codes, sessions, access tokens bound to a key, and the tokens of
// continuous-integration systems. It also decides what a role may do and keeps
// signed operations that anyone can check again.
//
// It serves no HTTP and has no clock: the time comes from Config.Now, the
// documents go to glovebox.Records together with the audit events that belong
// to them. A proof that is not good enough is refused with one and the same
// error whatever was wrong; the cause is in the audit event alone.
//
// What is a secret is kept as its SHA-256 only: session secrets, links,
// recovery codes and grant codes all have 80 random bits or more, so a slow
// hash would add nothing. The exception is the private half of the token
// signing keys, which is stored as it is: whoever can read the store's files
// can sign tokens. Their permissions (owner only) protect it, and so does that
// a token counts only as long as its session is in the same store.
package identity
