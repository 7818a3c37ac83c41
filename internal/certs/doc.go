// Package certs makes and keeps the certificates of an installation that has
// none of its own: a local authority that can speak for this installation's
// names and no others, and the server certificate that it issues.
package certs
