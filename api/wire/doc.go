// Package wire holds the JSON that crosses the API, as explicit structs: what
// a client may send, and what of the domain it gets to see. Both sides of the
// wire import it; it decides nothing.
package wire
