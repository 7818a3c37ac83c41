// Package images turns an image's name, or an archive somebody uploads, into a
// verified glovebox.Image. Everything it reads is hostile: registries, their
// redirects, manifests, configs, compressed streams, tar entries. It runs in the
// unprivileged control process, so that what the root agent unpacks later has
// nothing left to be found.
//
//	name ──Normalize──▶ reference ──Puller──┐
//	                                        ├─▶ Stock ──▶ Blobs, glovebox.Image
//	tar stream ────────────────Importer─────┘
//
// A Stock copies an image into Blobs, where each blob is kept under
// "sha256/<hex>": first its layers, each of which is sealed only after the bytes
// that were stored had the right digest, the right diff id and nothing but
// harmless tar entries; then config and manifest. An image that is refused leaves
// nothing behind; one whose registry went away leaves what was fetched, and the
// next pull goes on from there.
//
// A tenant gets no bytes for knowing a digest: a blob that is already there is
// only used for a tenant who once delivered all of it (see claims.go).
//
// The record has no labels and annotations, so none of the image's reach the
// agent; it makes its descriptors from the record, never from the manifest.
//
// Library is what the rest of the program uses; Collector removes blobs that no
// record and no job needs.
package images
