package access

import (
	"log/slog"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// Other users come into force at once, also for whoever was let in before.
func TestReplacement(t *testing.T) {
	vera := Credential{Name: "vera", Role: Viewer, Password: hash(t, "viewer-password")}
	adam := Credential{Name: "adam", Role: Admin, Password: hash(t, "admin-password")}
	s := newSite(t, Config{Credentials: []Credential{vera, adam}})
	config := func(list ...Credential) Config {
		return Config{Credentials: list, Audit: slog.New(slog.NewTextHandler(&s.audit, nil)), cheapest: bcrypt.MinCost}
	}
	want := func(what string, status int, path string, a ask) {
		t.Helper()
		if w := s.do("GET", path, a); w.Code != status {
			t.Errorf("%s: %d, want %d", what, w.Code, status)
		}
	}
	asVera, asAdam := basic("vera", "viewer-password"), basic("adam", "admin-password")
	want("a viewer", 200, "/viewer", asVera)
	want("an admin", 200, "/admin", asAdam)

	if _, err := s.guard.Replacement(config(vera, vera)); err == nil {
		t.Error("two of one name")
	}
	demoted, other := adam, vera
	demoted.Role, other.Password = Viewer, hash(t, "another-password")
	replace, err := s.guard.Replacement(config(other, demoted))
	if err != nil {
		t.Fatal(err)
	}
	want("before it is in force", 200, "/admin", asAdam)
	replace()
	want("the password of before", 401, "/viewer", asVera)
	want("the new password", 200, "/viewer", basic("vera", "another-password"))
	want("an admin of before", 403, "/admin", asAdam)
	replace, err = s.guard.Replacement(config(other))
	if err != nil {
		t.Fatal(err)
	}
	replace()
	want("who is gone", 401, "/viewer", asAdam)

	// Who tried too often stays out.
	for range freeFailures {
		s.do("GET", "/viewer", basic("vera", "wrong"))
	}
	replace()
	want("within the pause", 429, "/viewer", basic("vera", "another-password"))
}
