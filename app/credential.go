package app

import (
	"fmt"

	"github.com/flipmeter/flipmeter/web/access"
)

// HashPassword makes what a configuration file holds of a password.
func HashPassword(password string) (string, error) {
	hash, err := access.HashPassword(password)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrUsage, err)
	}
	return hash, nil
}

// NewToken makes a random token, and what a configuration file holds of it.
func NewToken() (token, hash string) { return access.NewToken() }
