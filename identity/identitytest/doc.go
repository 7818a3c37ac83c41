// Package identitytest has what people and programs hold who prove themselves
// to Glovebox: an authenticator, a key, and an issuer of workload tokens. All
// of them are right unless they are told to do something wrong.
package identitytest
