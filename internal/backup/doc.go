// Package backup is the form in which an instance is kept in one file:
//
//	about.json        what it is a backup of; before anything else
//	control/…         the store as it was at one instant, and control's keys
//	tls/…             the local authority
//	blobs/…           bytes, each by its key; mode 0400: sealed, 0600: open
//	manifest/000001   SHA-256, size and name of each of the files before it
//	…
//	end.json          how many files and bytes there were, and a hash of all
//
// in a tar archive, compressed with zstd and, as a rule, encrypted with age. All
// of it is written and read in one pass, in memory that does not grow with the
// archive. A Reader ends with io.EOF only if not a byte was missing, added,
// moved or changed.
package backup
