// Package console serves the web pages: login, enrolment by link, approval of
// programs, devices and signed jobs, and the account. They are files embedded
// into the program: plain HTML, CSS and small ES modules, with nothing to
// build and nothing fetched from elsewhere. All they know comes from the API
// of the same origin, to which they are a client like any other.
package console
