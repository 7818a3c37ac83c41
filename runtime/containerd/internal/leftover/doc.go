// Package leftover makes archives of what jobs have left under glovebox.OutDir.
// It gets there by records from a sandbox, which may be anybody's words, or by
// walking a folder of this node, which a job has made.
package leftover
