package gocv

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// diagnoseTimeout bounds the look at a server that could not be opened.
const diagnoseTimeout = 5 * time.Second

// diagnose says why a stream could not be opened. OpenCV doesn't tell, so the
// server is asked once more, in words that it answers with a reason.
func diagnose(ctx context.Context, address string, failure error) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return failure
	}
	ctx, cancel := context.WithTimeout(ctx, diagnoseTimeout)
	defer cancel()
	status, err := ask(ctx, u)
	var op *net.OpError
	switch {
	case errors.As(err, &op):
		return fmt.Errorf("%s does not answer: %w", u.Host, op.Err)
	case err != nil:
		return fmt.Errorf("%w; %s does not answer as a server of such streams does", failure, u.Host)
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		if u.User == nil {
			return errors.New("it wants a user and a password: give them")
		}
		return errors.New("it does not accept the user and the password: check them")
	case status == http.StatusNotFound:
		return errors.New("the server knows no such stream: check the path of the address")
	case status >= http.StatusBadRequest:
		return fmt.Errorf("the server answers with status %d", status)
	}
	return fmt.Errorf("%w: the server answers, but its stream can't be decoded", failure)
}

// ask asks for a stream, without credentials, and returns the answer's
// status.
func ask(ctx context.Context, u *url.URL) (int, error) {
	scheme := strings.ToLower(u.Scheme)
	if scheme == "http" || scheme == "https" {
		clean := *u
		clean.User = nil
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, clean.String(), nil)
		if err != nil {
			return 0, err
		}
		res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
		if err != nil {
			return 0, err
		}
		return res.StatusCode, res.Body.Close()
	}
	host, port := u.Hostname(), u.Port()
	var conn net.Conn
	var err error
	if scheme == "rtsps" {
		if port == "" {
			port = "322"
		}
		conn, err = (&tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	} else {
		if port == "" {
			port = "554"
		}
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(host, port))
	}
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := conn.SetDeadline(deadline); err != nil {
			return 0, err
		}
	}
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawQuery: u.RawQuery}
	if _, err := fmt.Fprintf(conn, "DESCRIBE %s RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n", clean.String()); err != nil {
		return 0, err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return 0, err
	}
	var status int
	if _, err := fmt.Sscanf(line, "RTSP/1.0 %d", &status); err != nil {
		return 0, fmt.Errorf("read the answer: %w", err)
	}
	return status, nil
}
