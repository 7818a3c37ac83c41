// Package browser drives a real Chromium for tests of the pages: windows that
// share nothing, virtual authenticators, and a watch over what the pages
// complain about. A test ends with the browser and its folder gone.
package browser
