package fetch

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

type download struct {
	Request
	part  part
	place string // the address, fit to be shown
}

func newDownload(r Request) (*download, error) {
	u, err := url.Parse(r.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("download: the address must be one of http or https") // not quoted: it may hold a password
	}
	if r.Name == "" || r.Name != filepath.Base(r.Name) {
		return nil, fmt.Errorf("download %s: %q is no file name", u.Host, r.Name)
	}
	if r.SHA256 = strings.ToLower(r.SHA256); r.SHA256 != "" && !sha256Text.MatchString(r.SHA256) {
		return nil, fmt.Errorf("download %s: a SHA-256 is 64 hexadecimal digits, got %.80q", u.Host, r.SHA256)
	}
	if r.Client == nil {
		t := http.DefaultTransport.(*http.Transport).Clone() // with proxies by environment
		t.ResponseHeaderTimeout = stall
		r.Client = &http.Client{Transport: t}
	}
	if r.MaxBytes == 0 {
		r.MaxBytes = defaultMaxBytes
	}
	if r.Wait == nil {
		r.Wait = sleep
	}
	if r.create == nil {
		r.create = osFile
	}
	d := &download{Request: r, place: shown(u)}
	d.part = part{path: partPath(r.Dir, r.Name), create: r.create}
	return d, nil
}

// shown is an address without what may be secret.
func shown(u *url.URL) string { return u.Scheme + "://" + u.Host + u.EscapedPath() }

func (d *download) say(format string, args ...any) {
	if d.Notice != nil {
		d.Notice(fmt.Sprintf(format, args...))
	}
}

// attempt asks for what is missing and takes what comes.
func (d *download) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.URL, nil)
	if err != nil {
		return errors.New("the address can't be asked for") // its text holds it
	}
	// The bytes as they are: a hash of unpacked ones would be another.
	req.Header.Set("Accept-Encoding", "identity")
	req.Header.Set("User-Agent", "flipmeter")
	if d.part.size > 0 && d.part.Validator == "" && d.SHA256 == "" && d.part.Announced == "" {
		// Nothing would tell whether the rest is the same file's.
		if err := d.part.reset(); err != nil {
			return err
		}
	}
	if d.part.size > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.part.size))
		if d.part.Validator != "" {
			req.Header.Set("If-Range", d.part.Validator)
		}
	}
	announced := ""
	client := *d.Client
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		announced = cmp.Or(announced, announcedBy(next.Response))
		return follow(next, via)
	}
	resp, err := client.Do(req)
	if err != nil {
		return connectionError(err)
	}
	defer resp.Body.Close()
	announced = cmp.Or(announced, announcedBy(resp))
	if done, err := d.prepare(resp, announced); done || err != nil {
		return err
	}
	return d.take(ctx, resp.Body, cancel)
}

// follow bounds redirects, and keeps a download that began encrypted so.
func follow(next *http.Request, via []*http.Request) error {
	const most = 10
	switch {
	case len(via) >= most:
		return finalError{fmt.Errorf("more than %d redirects", most)}
	case via[len(via)-1].URL.Scheme == "https" && next.URL.Scheme != "https":
		return finalError{fmt.Errorf("a redirect from https to %s is not followed", shown(next.URL))}
	}
	return nil
}

// prepare looks at the answer's head, and makes the part ready for its body.
// done says that there is nothing left to take.
func (d *download) prepare(resp *http.Response, announced string) (done bool, err error) {
	var total int64
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		if d.part.size > 0 {
			d.say("the server has another file now, or can't go on: starting anew")
		}
		if err := d.part.reset(); err != nil {
			return false, err
		}
		total = resp.ContentLength
	case code == http.StatusPartialContent:
		from, all, ok := contentRange(resp.Header.Get("Content-Range"))
		if !ok || from != d.part.size || d.part.Total >= 0 && all != d.part.Total || announced != "" && d.part.Announced != "" && announced != d.part.Announced {
			return false, errors.Join(temporaryError{errors.New("the server went on with another file")}, d.part.reset())
		}
		total = all
	case code == http.StatusRequestedRangeNotSatisfiable && d.part.size > 0:
		if d.part.size == d.part.Total {
			return true, nil
		}
		return false, errors.Join(temporaryError{errors.New("the server has less of the file than was there")}, d.part.reset())
	default:
		return false, statusError(resp)
	}
	if total > d.MaxBytes {
		return false, fmt.Errorf("the file has %d bytes, more than the %d allowed", total, d.MaxBytes)
	}
	return false, d.part.begin(validator(resp), cmp.Or(announced, d.part.Announced), total)
}

// take writes the body to the part.
func (d *download) take(ctx context.Context, body io.Reader, cancel context.CancelCauseFunc) error {
	watch := time.AfterFunc(stall, func() { cancel(errors.New("the server sent nothing for " + stall.String())) })
	defer watch.Stop()
	buf := make([]byte, 256<<10)
	d.tell()
	for {
		n, err := body.Read(buf)
		watch.Reset(stall)
		if d.part.size+int64(n) > d.MaxBytes {
			return fmt.Errorf("the file has more than the %d bytes allowed", d.MaxBytes)
		}
		if n > 0 {
			if err := d.part.write(buf[:n]); err != nil {
				return fmt.Errorf("write the download: %w", reason(err))
			}
			d.tell()
		}
		switch {
		case errors.Is(err, io.EOF):
			if d.part.Total >= 0 && d.part.size < d.part.Total {
				return temporaryError{fmt.Errorf("the connection ended after %d of %d bytes", d.part.size, d.part.Total)}
			}
			return nil
		case ctx.Err() != nil:
			return temporaryError{context.Cause(ctx)}
		case err != nil:
			return temporaryError{fmt.Errorf("the connection broke after %d bytes: %w", d.part.size, withoutAddress(err))}
		}
	}
}

func (d *download) tell() {
	if d.Progress != nil {
		d.Progress(d.part.size, d.part.Total)
	}
}

// announcedBy is the SHA-256 that an answer states for the file behind it,
// as Hugging Face does: X-Linked-ETag, on the redirect to where the bytes
// are.
func announcedBy(resp *http.Response) string {
	if resp == nil {
		return ""
	}
	tag := strings.ToLower(strings.Trim(strings.TrimPrefix(resp.Header.Get("X-Linked-ETag"), "W/"), `"`))
	if sha256Text.MatchString(tag) {
		return tag
	}
	return ""
}

// validator is what If-Range compares; empty if the server gives nothing
// that tells two versions apart for sure.
func validator(resp *http.Response) string {
	if tag := resp.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return resp.Header.Get("Last-Modified")
}

// contentRange reads "bytes FROM-TO/ALL".
func contentRange(text string) (from, all int64, ok bool) {
	text, ok = strings.CutPrefix(text, "bytes ")
	first, rest, ok1 := strings.Cut(text, "-")
	_, length, ok2 := strings.Cut(rest, "/")
	from, err1 := strconv.ParseInt(first, 10, 64)
	all, err2 := strconv.ParseInt(length, 10, 64)
	return from, all, ok && ok1 && ok2 && err1 == nil && err2 == nil
}

// statusError says what an answer without the file means.
func statusError(resp *http.Response) error {
	err := fmt.Errorf("the server answers %d %s", resp.StatusCode, http.StatusText(resp.StatusCode))
	switch code := resp.StatusCode; {
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code >= 500:
		return temporaryError{err}
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusProxyAuthRequired:
		return fmt.Errorf("%w: it wants a login, or the way there is blocked", err)
	}
	return err
}

// finalError is one of a connection that another attempt would meet as well.
type finalError struct{ error }

// connectionError tells what may pass from what won't: an unknown host, a
// certificate that does not hold, a redirect that is not followed.
func connectionError(err error) error {
	err = withoutAddress(err)
	var final finalError
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	if errors.As(err, &final) || errors.As(err, &certificate) || errors.As(err, &dns) && dns.IsNotFound {
		return err
	}
	return temporaryError{err}
}

// withoutAddress strips the address from an error of the HTTP client: that of
// a redirect may be signed.
func withoutAddress(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// reason strips the path of the hidden file.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
