package access

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// Role is what somebody may do.
type Role int

// An admin may do what a viewer may.
const (
	Nobody Role = iota
	Viewer
	Admin
)

var roleNames = [...]string{"nobody", "viewer", "admin"}

func (r Role) String() string { return roleNames[r] }

// ParseRole reads viewer or admin.
func ParseRole(s string) (Role, bool) {
	switch s {
	case "viewer":
		return Viewer, true
	case "admin":
		return Admin, true
	}
	return Nobody, false
}

// Credential is one way in. Either Password or Token is set.
type Credential struct {
	Name string
	Role Role
	// Password is the bcrypt hash of the password that goes with Name, as
	// HashPassword makes it.
	Password string
	// Token is the SHA-256, in hexadecimal, of a token of at least 32
	// random letters, as NewToken makes it.
	Token string
}

var (
	credentialName = regexp.MustCompile(`^[A-Za-z0-9._@-]{1,64}$`)
	tokenHash      = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

const minCost = 10

// Validate says what is wrong with a credential, and never quotes a hash.
func (c *Credential) Validate() error { return c.validate(minCost) }

func (c *Credential) validate(cheapest int) error {
	var errs []error
	if !credentialName.MatchString(c.Name) {
		errs = append(errs, fmt.Errorf("name: must be 1 to 64 letters, digits, or . _ @ -, got %q", c.Name))
	}
	if c.Role != Viewer && c.Role != Admin {
		errs = append(errs, errors.New("role: must be viewer or admin"))
	}
	switch {
	case (c.Password == "") == (c.Token == ""):
		errs = append(errs, errors.New("password: either this or token must be given"))
	case c.Password != "":
		if cost, err := bcrypt.Cost([]byte(c.Password)); err != nil || cost < cheapest {
			errs = append(errs, fmt.Errorf("password: must be a bcrypt hash of cost %d or more, as flipmeter config hash makes it, not the password itself", cheapest))
		}
	case !tokenHash.MatchString(c.Token):
		errs = append(errs, errors.New("token: must be the SHA-256 of the token, 64 hexadecimal digits, as flipmeter config hash makes it, not the token itself"))
	}
	return errors.Join(errs...)
}

// HashPassword makes what Credential.Password holds. Passwords of fewer than
// 8 or more than 72 bytes are refused: bcrypt looks at 72.
func HashPassword(password string) (string, error) {
	if len(password) < 8 || len(password) > 72 {
		return "", errors.New("hash a password: it must have 8 to 72 letters")
	}
	h, err := bcrypt.GenerateFromPassword([]byte(password), 12)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return string(h), nil
}

// NewToken makes a random token, and what Credential.Token holds of it.
func NewToken() (token, hash string) {
	token = "flip_" + rand.Text() + rand.Text()
	return token, hashToken(token)
}

// TokenCredential is the credential of a token that is known in plain, as
// one from a file of secrets.
func TokenCredential(name string, role Role, token string) Credential {
	return Credential{Name: name, Role: role, Token: hashToken(token)}
}

func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Identity is who makes a request.
type Identity struct {
	Name string
	Role Role
}

type identityKey struct{}

// From gives who makes the request that a context belongs to.
func From(ctx context.Context) Identity {
	id, _ := ctx.Value(identityKey{}).(Identity)
	return id
}

// keyring checks credentials.
type keyring struct {
	passwords map[string]Credential // by name
	tokens    map[string]Credential // by hash
	// dummy takes as long to compare with as a real hash, so that the time
	// of an answer does not tell which names exist.
	dummy []byte
	// working bounds how many comparisons run at once: each costs a core a
	// fraction of a second.
	working chan struct{}

	mu     sync.Mutex
	secret [32]byte             // of the keys below
	proven map[[32]byte]proving // what has been compared already
}

type proving struct {
	id    Identity
	until time.Time
}

const (
	provenFor = 10 * time.Minute
	maxProven = 1024
)

func newKeyring(list []Credential, cheapest int) (*keyring, error) {
	k := &keyring{passwords: map[string]Credential{}, tokens: map[string]Credential{}, working: make(chan struct{}, 2), proven: map[[32]byte]proving{}}
	names := map[string]bool{}
	cost := cheapest
	for i := range list {
		c := list[i]
		if err := c.validate(cheapest); err != nil {
			return nil, fmt.Errorf("credential %q: %w", c.Name, err)
		}
		if names[c.Name] {
			return nil, fmt.Errorf("credential %q: another one has the same name", c.Name)
		}
		names[c.Name] = true
		if c.Token != "" {
			k.tokens[c.Token] = c
			continue
		}
		k.passwords[c.Name] = c
		if n, err := bcrypt.Cost([]byte(c.Password)); err == nil {
			cost = max(cost, n)
		}
	}
	if _, err := rand.Read(k.secret[:]); err != nil {
		return nil, fmt.Errorf("read random numbers: %w", err)
	}
	if len(k.passwords) > 0 {
		var err error
		if k.dummy, err = bcrypt.GenerateFromPassword([]byte(rand.Text()), cost); err != nil {
			return nil, fmt.Errorf("prepare credentials: %w", err)
		}
	}
	return k, nil
}

func (k *keyring) empty() bool { return len(k.passwords) == 0 && len(k.tokens) == 0 }

// token checks a bearer's token. It is random, so that its hash may be
// looked up without telling anything.
func (k *keyring) token(token string) (Identity, bool) {
	c, ok := k.tokens[hashToken(token)]
	return Identity{c.Name, c.Role}, ok
}

// password checks a name and its password. The error is the context's, where
// too many others are being checked.
func (k *keyring) password(ctx context.Context, now time.Time, name, password string) (Identity, bool, error) {
	mac := hmac.New(sha256.New, k.secret[:])
	fmt.Fprintf(mac, "%d:%s%s", len(name), name, password)
	var key [32]byte
	mac.Sum(key[:0])
	k.mu.Lock()
	p, ok := k.proven[key]
	k.mu.Unlock()
	if ok && now.Before(p.until) {
		return p.id, true, nil
	}
	select {
	case k.working <- struct{}{}:
		defer func() { <-k.working }()
	case <-ctx.Done():
		return Identity{}, false, ctx.Err()
	}
	c, exists := k.passwords[name]
	hash := k.dummy
	if exists {
		hash = []byte(c.Password)
	}
	if err := bcrypt.CompareHashAndPassword(hash, []byte(password)); err != nil || !exists {
		return Identity{}, false, nil
	}
	id := Identity{c.Name, c.Role}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.proven) >= maxProven {
		clear(k.proven)
	}
	k.proven[key] = proving{id, now.Add(provenFor)}
	return id, true, nil
}

// cleanText makes a text from outside fit for a log line.
func cleanText(s string) string {
	const most = 128
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > most {
		s = s[:most]
	}
	return s
}
