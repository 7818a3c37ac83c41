package glovebox

import (
	"errors"
	"fmt"
	"net/http"
)

// Kind is what went wrong, from a closed list. One kind is one problem type of
// the API, one exit code of the CLI and, where a job fails of it, one Reason.
type Kind string

// The kinds. The first group is about the request, the second about images,
// the third about starting and running, the last about the system.
const (
	KindInvalid        Kind = "invalid"           // a field has a value that cannot be used
	KindUnknownField   Kind = "unknown_field"     // a field that does not exist
	KindDuplicateField Kind = "duplicate_field"   // a field given twice
	KindMalformed      Kind = "malformed"         // not JSON, not one value, wrong type
	KindTooLarge       Kind = "too_large"         // body, field or upload over its cap
	KindMediaType      Kind = "media_type"        // content type that is not taken here
	KindMethod         Kind = "method"            // method that the route does not have
	KindUnauthorized   Kind = "unauthenticated"   // nobody we know
	KindDenied         Kind = "denied"            // known, but may not
	KindApproval       Kind = "approval_required" // known, but this needs a signed approval
	KindNotFound       Kind = "not_found"         // no such thing, or another tenant's
	KindConflict       Kind = "conflict"          // the thing is not in a state for this
	KindStale          Kind = "stale"             // version or fence older than the stored one
	KindRange          Kind = "range"             // asks for bytes that a file does not have
	KindKeyReused      Kind = "key_reused"        // idempotency key with another body
	KindTooMany        Kind = "too_many"          // rate limit or full queue
	KindCommandMissing Kind = "command_missing"   // no cmd, and the image has none either
	KindImageUnknown   Kind = "image_unknown"     // no such repository or local name
	KindTagUnknown     Kind = "tag_unknown"       // the repository has no such tag or digest
	KindImageDenied    Kind = "image_denied"      // source not allowed, or credentials refused
	KindUnreachable    Kind = "unreachable"       // the registry did not answer
	KindImageCorrupt   Kind = "image_corrupt"     // bytes are not what the digest or size says
	KindImageInvalid   Kind = "image_invalid"     // cannot be an image: structure, names, types
	KindImagePlatform  Kind = "image_platform"    // no variant for the node's architecture
	KindImageTooLarge  Kind = "image_too_large"   // over a cap on bytes, files or layers
	KindNoExecutable   Kind = "no_executable"     // the command is not in the image
	KindNotExecutable  Kind = "not_executable"    // it is there and cannot be executed
	KindUnknownUser    Kind = "unknown_user"      // the user is not in the image's passwd
	KindWorkdir        Kind = "workdir"           // the working directory cannot be used
	KindRuntime        Kind = "runtime"           // the runtime is not on any node
	KindStart          Kind = "start"             // the sandbox could not be started
	KindTimeout        Kind = "timeout"           // ran out of its time
	KindOutOfMemory    Kind = "out_of_memory"     // ran out of its memory
	KindPids           Kind = "pids_limit"        // ran out of processes
	KindDisk           Kind = "disk_limit"        // ran out of scratch space or files
	KindOutput         Kind = "output_limit"      // wrote more than it may
	KindCancelled      Kind = "cancelled"         // somebody asked for it to end
	KindNodeLost       Kind = "node_lost"         // the sandbox vanished with its node or agent
	KindResidue        Kind = "residue"           // something was left behind
	KindUnavailable    Kind = "unavailable"       // not now; try again
	KindNoServer       Kind = "no_server"         // the CLI finds nobody at the socket
	KindInUse          Kind = "in_use"            // another glovebox holds the data folder
	KindUsage          Kind = "usage"             // the command line makes no sense
	KindInternal       Kind = "internal"          // our fault
)

// KindInfo is what a Kind means outside: to HTTP, to a shell, to a job.
type KindInfo struct {
	Status int    // HTTP status of the problem document
	Exit   int    // exit code of the CLI
	Title  string // one line for people, the same for every error of the kind
	Reason Reason // reason of a job that fails of it; empty where none can
}

var kinds = map[Kind]KindInfo{
	KindInvalid:        {http.StatusUnprocessableEntity, 65, "A field has a value that cannot be used", ReasonStartFailed},
	KindUnknownField:   {http.StatusUnprocessableEntity, 66, "A field does not exist", ""},
	KindDuplicateField: {http.StatusUnprocessableEntity, 67, "A field is given twice", ""},
	KindMalformed:      {http.StatusBadRequest, 68, "The request cannot be read", ""},
	KindTooLarge:       {http.StatusRequestEntityTooLarge, 69, "Too large", ""},
	KindMediaType:      {http.StatusUnsupportedMediaType, 71, "Content type not supported", ""},
	KindMethod:         {http.StatusMethodNotAllowed, 72, "Method not allowed", ""},
	KindUnauthorized:   {http.StatusUnauthorized, 73, "Not authenticated", ""},
	KindDenied:         {http.StatusForbidden, 77, "Not allowed", ReasonPolicyDenied},
	KindApproval:       {http.StatusForbidden, 101, "Needs a signed approval", ReasonPolicyDenied},
	KindNotFound:       {http.StatusNotFound, 74, "Not found", ""},
	KindConflict:       {http.StatusConflict, 75, "Not possible in this state", ""},
	KindStale:          {http.StatusPreconditionFailed, 76, "Changed in the meantime", ""},
	KindRange:          {http.StatusRequestedRangeNotSatisfiable, 102, "No such bytes", ""},
	KindKeyReused:      {http.StatusUnprocessableEntity, 78, "Idempotency key used for another request", ""},
	KindTooMany:        {http.StatusTooManyRequests, 79, "Too many", ""},
	KindCommandMissing: {http.StatusUnprocessableEntity, 80, "No command", ReasonStartFailed},
	KindImageUnknown:   {http.StatusNotFound, 81, "No such image", ReasonImageUnavailable},
	KindTagUnknown:     {http.StatusNotFound, 82, "No such tag", ReasonImageUnavailable},
	KindImageDenied:    {http.StatusForbidden, 83, "Image source not allowed", ReasonImageDenied},
	KindUnreachable:    {http.StatusBadGateway, 84, "Registry unreachable", ReasonImageUnavailable},
	KindImageCorrupt:   {http.StatusUnprocessableEntity, 85, "Image does not match its digest", ReasonImageInvalid},
	KindImageInvalid:   {http.StatusUnprocessableEntity, 86, "Not a valid image", ReasonImageInvalid},
	KindImagePlatform:  {http.StatusUnprocessableEntity, 87, "Image is for another platform", ReasonImageInvalid},
	KindImageTooLarge:  {http.StatusRequestEntityTooLarge, 88, "Image too large", ReasonImageInvalid},
	KindNoExecutable:   {http.StatusUnprocessableEntity, 127, "Command not found in the image", ReasonStartFailed},
	KindNotExecutable:  {http.StatusUnprocessableEntity, 126, "Command cannot be executed", ReasonStartFailed},
	KindUnknownUser:    {http.StatusUnprocessableEntity, 89, "User not found in the image", ReasonStartFailed},
	KindWorkdir:        {http.StatusUnprocessableEntity, 90, "Working directory cannot be used", ReasonStartFailed},
	KindRuntime:        {http.StatusUnprocessableEntity, 91, "Runtime not available", ReasonProvisionFailed},
	KindStart:          {http.StatusInternalServerError, 92, "Sandbox could not be started", ReasonStartFailed},
	KindTimeout:        {http.StatusRequestTimeout, 124, "Out of time", ReasonTimeout},
	KindOutOfMemory:    {http.StatusUnprocessableEntity, 137, "Out of memory", ReasonOutOfMemory},
	KindPids:           {http.StatusUnprocessableEntity, 93, "Too many processes", ReasonPidsLimit},
	KindDisk:           {http.StatusUnprocessableEntity, 94, "Scratch space used up", ReasonDiskLimit},
	KindOutput:         {http.StatusUnprocessableEntity, 95, "Too much output", ReasonOutputLimit},
	KindCancelled:      {http.StatusConflict, 130, "Cancelled", ""},
	KindNodeLost:       {http.StatusServiceUnavailable, 96, "The sandbox was lost", ReasonNodeLost},
	KindResidue:        {http.StatusInternalServerError, 97, "Something was left behind", ""},
	KindUnavailable:    {http.StatusServiceUnavailable, 98, "Not available now", ReasonProvisionFailed},
	KindNoServer:       {http.StatusServiceUnavailable, 99, "No glovebox is running here", ""},
	KindInUse:          {http.StatusConflict, 100, "Already running", ""},
	KindUsage:          {http.StatusBadRequest, 64, "Usage", ""},
	KindInternal:       {http.StatusInternalServerError, 125, "Internal error", ReasonInternal},
}

// Info says what k means to HTTP, shells and jobs. An unknown kind is internal.
func (k Kind) Info() KindInfo {
	if i, ok := kinds[k]; ok {
		return i
	}
	return kinds[KindInternal]
}

// Kinds lists every kind, for documents and tests, in no order.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds))
	for k := range kinds {
		all = append(all, k)
	}
	return all
}

// Error is an error with a kind. Message says what happened to what, in lower
// case without a full stop; Hint says what to do about it; Field names the part
// of the input that is to blame, as a JSON path such as "limits.memory".
type Error struct {
	Kind    Kind   `json:"kind"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	cause   error
}

// Error returns the message, preceded by the field if there is one.
func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// Errorf makes an error of a kind. A %w verb keeps its operand as the cause
// for errors.Is, and its text is part of the message.
func Errorf(k Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: k, Message: err.Error(), cause: errors.Unwrap(err)}
}

// On names the field of the input that is to blame and returns e.
func (e *Error) On(field string) *Error { e.Field = field; return e }

// Try says what to do about it and returns e.
func (e *Error) Try(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// KindOf returns the kind of the first *Error in err's chain, KindInternal if
// there is none, and "" for nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return KindInternal
}

// AsError returns the first *Error in err's chain, or an internal one that
// wraps err.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: KindInternal, Message: err.Error(), cause: err}
}
