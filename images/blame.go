package images

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"

	"glovebox"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// blame says in our kinds what went wrong with a registry.
func (r *registry) blame(ctx context.Context, err error, doing string) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var ours *glovebox.Error
	if errors.As(err, &ours) {
		return ours // the guard's or the dialer's, without the URL around it
	}
	var answer *transport.Error
	if errors.As(err, &answer) {
		return r.blameAnswer(answer, doing)
	}
	e := glovebox.Errorf(glovebox.KindUnreachable, "pull %s: %s: %w", r.name, doing, err)
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	switch {
	case errors.As(err, &dns):
		return e.Try("check the registry's name, and that this machine can resolve it")
	case errors.As(err, &cert):
		return e.Try("make this machine trust the registry's certificate")
	}
	return e.Try("check that the registry is up, speaks https and can be reached from this machine; then try again")
}

// blameAnswer reads a registry's error codes, and its status where it has none.
func (r *registry) blameAnswer(answer *transport.Error, doing string) error {
	has := func(codes ...transport.ErrorCode) bool {
		return slices.ContainsFunc(answer.Errors, func(d transport.Diagnostic) bool { return slices.Contains(codes, d.Code) })
	}
	status := answer.StatusCode
	switch {
	case status == http.StatusTooManyRequests || has(transport.TooManyRequestsErrorCode):
		return glovebox.Errorf(glovebox.KindUnreachable, "registry of %s asks for fewer requests", r.name).
			Try("wait, or log in to the registry for a higher limit")
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return glovebox.Errorf(glovebox.KindImageDenied, "registry does not let us pull %s", r.name).
			Try("check the name, which some registries hide this way; log in if the repository is private")
	case has(transport.NameUnknownErrorCode):
		return glovebox.Errorf(glovebox.KindImageUnknown, "there is no repository for %s", r.name).
			Try("check the name, or import the image")
	case status == http.StatusRequestedRangeNotSatisfiable:
		return corrupt("registry has less of %s than the manifest of %s says", doing, r.name)
	case status == http.StatusNotFound && strings.HasPrefix(doing, "blob"):
		return corrupt("registry has no %s, which the manifest of %s names", doing, r.name)
	case status == http.StatusNotFound && has(transport.ManifestUnknownErrorCode):
		return glovebox.Errorf(glovebox.KindTagUnknown, "repository has no %s for %s", doing, r.name).
			Try("check the tag or digest")
	case status == http.StatusNotFound:
		return glovebox.Errorf(glovebox.KindImageUnknown, "registry knows nothing of %s", r.name).
			Try("check the name, or import the image")
	}
	return glovebox.Errorf(glovebox.KindUnreachable, "registry answers %d for %s of %s", status, doing, r.name).
		Try("try again later; if it stays, ask who runs the registry")
}
