package access

import (
	"encoding/json"
	"net/http"
)

// ProblemDetails is an error as RFC 9457 has it.
type ProblemDetails struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Errors are what is wrong with a request's parts, one line each.
	Errors []string `json:"errors,omitempty"`
}

// Problem answers with an error: detail says what to do.
func Problem(w http.ResponseWriter, status int, detail string, errors ...string) {
	p := ProblemDetails{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Errors: errors}
	b, err := json.Marshal(&p)
	if err != nil {
		panic("BUG: encoding a problem: " + err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // who left does not want it
}
