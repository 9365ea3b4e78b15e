package ingest

import (
	"errors"
	"net/url"
	"strings"
)

// RedactURL removes credentials from a source's address: user and password,
// and the query and the fragment, where cameras put theirs.
// What is no URL is returned as it is.
func RedactURL(s string) string {
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || scheme == "" || strings.ContainsAny(scheme, "/\\ ") {
		return s
	}
	// By hand rather than by net/url: an address that it can't parse must
	// not give its password away either.
	// A mistyped password may hold a bare '/', '?' or '#': everything up to
	// the last '@' counts as credentials.
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if i := strings.IndexAny(rest, "?#"); i >= 0 {
		rest = rest[:i]
	}
	return scheme + "://" + rest
}

// RedactError is err with every occurrence of the address replaced by its
// redacted form. errors.Is and CauseOf see through it; the original text
// can't be had from it.
func RedactError(err error, address string) error {
	if err == nil || RedactURL(address) == address {
		return err
	}
	return WithCause(CauseOf(err, CauseNone), &redacted{text: RedactText(err.Error(), address), is: err})
}

// RedactText is text with every occurrence of the address replaced by its
// redacted form, and the password in it blacked out.
func RedactText(text, address string) string {
	clean := RedactURL(address)
	if clean == address {
		return text
	}
	text = strings.ReplaceAll(text, address, clean)
	if u, err := url.Parse(address); err == nil && u.User != nil {
		if p, ok := u.User.Password(); ok && p != "" {
			text = strings.ReplaceAll(text, p, "…")
			text = strings.ReplaceAll(text, url.QueryEscape(p), "…")
		}
	}
	return text
}

type redacted struct {
	text string
	is   error
}

func (r *redacted) Error() string { return r.text }

// Is compares with sentinels only, so that the wrapped error's text can't
// be taken out by errors.Unwrap or errors.As.
func (r *redacted) Is(target error) bool { return errors.Is(r.is, target) }
