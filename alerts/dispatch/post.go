package dispatch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Refused says that a receiver does not want what it was sent, and would not
// want it a second time.
type Refused struct{ Err error }

func (r *Refused) Error() string { return r.Err.Error() }
func (r *Refused) Unwrap() error { return r.Err }

// Later says that a receiver asked to be left alone for some time.
type Later struct {
	Err   error
	After time.Duration
}

func (l *Later) Error() string { return l.Err.Error() }
func (l *Later) Unwrap() error { return l.Err }

// Client is an HTTP client that follows no redirection: what is sent holds
// names of cameras, and goes where the configuration says.
func Client(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Post sends a JSON body and reads the answer's status: 2xx is success; 408,
// 425, 429 and 5xx may be tried again; everything else is Refused. Errors
// name the host, but neither path nor query, which may hold secrets.
func Post(ctx context.Context, client *http.Client, address string, header http.Header, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return &Refused{fmt.Errorf("post alerts: the address is not valid")}
	}
	for k, v := range header {
		req.Header[k] = v
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "flipmeter")
	host := req.URL.Host
	resp, err := client.Do(req)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return fmt.Errorf("post alerts to %s: %w", host, err)
	}
	defer resp.Body.Close()
	const maxAnswer = 512
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // only for the message
	if resp.StatusCode/100 == 2 {
		return nil
	}
	err = fmt.Errorf("post alerts to %s: answered %d%s", host, resp.StatusCode, quoted(answer))
	switch resp.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
	default:
		if resp.StatusCode < 500 {
			return &Refused{err}
		}
	}
	if s, convErr := strconv.Atoi(resp.Header.Get("Retry-After")); convErr == nil && s > 0 {
		return &Later{err, time.Duration(min(s, 3600)) * time.Second}
	}
	return err
}

// quoted is the beginning of an answer on one line.
func quoted(answer []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(answer), "?")), " ")
	if text == "" {
		return ""
	}
	return ": " + strconv.Quote(text)
}
