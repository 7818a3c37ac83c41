// Package template keeps the templates that sandboxes are parked for, of images
// and of running jobs. Each is
// one document of the store, which is written once and never changed; making
// and removing one tells the audit log in the same commit. The image's digest
// is looked up when the template is made, so what its name means later does not
// matter.
package template
