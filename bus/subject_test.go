package bus

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"gate-2", "gate-2"},
		{"A_z-0", "A_z-0"},
		{"", "-xe3b0c44298fc"},
		{"a.b", "a_b-x2e1f5de67a4c"},
		{"front door", ""},
		{"über", ""},
		{"*", ""},
		{">", ""},
		{strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{strings.Repeat("a", 65), ""},
		{"x-x0123456789ab", ""}, // looks like an escaped one
	} {
		got := Token(c.name)
		if c.want == "" {
			if got == c.name || !validToken(got) {
				t.Errorf("Token(%q) = %q", c.name, got)
			}
			continue
		}
		if c.name == "a.b" { // the digits are the hash's, only the form is fixed
			if !strings.HasPrefix(got, "a_b-x") || len(got) != len(c.want) {
				t.Errorf("Token(%q) = %q", c.name, got)
			}
			continue
		}
		if got != c.want {
			t.Errorf("Token(%q) = %q, want %q", c.name, got, c.want)
		}
	}
}

var (
	cleanToken = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	notClean   = regexp.MustCompile(`[^A-Za-z0-9_-]+`)
	escaped    = regexp.MustCompile(`-x[0-9a-f]{12}$`)
)

func validToken(s string) bool {
	return s != "" && len(s) <= maxToken && cleanToken.MatchString(s)
}

// tokenByExpressions is Token as its documentation says it, slowly.
func tokenByExpressions(name string) string {
	if validToken(name) && !escaped.MatchString(name) {
		return name
	}
	suffix := fmt.Sprintf("-x%x", sha256.Sum256([]byte(name)))[:14]
	readable := notClean.ReplaceAllString(name, "_")
	return readable[:min(len(readable), 50)] + suffix
}

func TestTokenIsWhatExpressionsMake(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	parts := []string{"gate", "-x", "0123456789ab", "é", ".", " ", "\xff", "_", "Z9-", strings.Repeat("long", 9)}
	for range 20_000 {
		var name string
		for range rng.IntN(6) {
			name += parts[rng.IntN(len(parts))]
		}
		if got, want := Token(name), tokenByExpressions(name); got != want {
			t.Fatalf("Token(%q) = %q, want %q", name, got, want)
		}
	}
}

// Names of few characters collide often if anything does.
func TestTokensDoNotCollide(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const alphabet = "ab._- /x"
	owner := map[string]string{}
	add := func(name string) {
		tok := Token(name)
		if !validToken(tok) {
			t.Fatalf("Token(%q) = %q is not a token", name, tok)
		}
		if other, ok := owner[tok]; ok && other != name {
			t.Fatalf("%q and %q share the token %q", name, other, tok)
		}
		owner[tok] = name
	}
	for range 20_000 {
		var b strings.Builder
		for range rng.IntN(6) {
			b.WriteByte(alphabet[rng.IntN(len(alphabet))])
		}
		add(b.String())
		add(Token(b.String())) // a token used as a name
	}
}

func FuzzToken(f *testing.F) {
	for _, s := range []string{"", "a", "a.b", "a b", "ä", "\x00", "-x0123456789ab", strings.Repeat("é", 99)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if tok := Token(name); !validToken(tok) {
			t.Errorf("Token(%q) = %q", name, tok)
		}
	})
}

func TestIDs(t *testing.T) {
	id := eventID("plant", "gate 2", "", 7, TypeFlip, 42, "")
	if want := "plant:" + Token("gate 2") + "::7:flip:42:"; id != want {
		t.Errorf("id %q, want %q", id, want)
	}
	if got, want := messageID("a:b:t:1:window:9:60000ms", 2), "a:b:t:1:window:9:60000ms:2"; got != want {
		t.Errorf("message id %q, want %q", got, want)
	}
	if strings.Count(eventID("a:b", "c", "d:e", 1, TypeAlert, 1, "x"), ":") != 6 {
		t.Error("a colon in a name shifts the fields of an id")
	}
}

func TestEpochsOfTwoRunsDiffer(t *testing.T) {
	a := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	first, second := NewEpoch(a), NewEpoch(a.Add(time.Millisecond))
	if first+epochsPerMillisecond-1 >= second {
		t.Errorf("epochs %d and %d leave no room for re-openings", first, second)
	}
	if e := NewEpoch(time.Date(2255, 1, 1, 0, 0, 0, 0, time.UTC)); e >= 1<<53 {
		t.Errorf("epoch %d is not exact as a double", e)
	}
}
