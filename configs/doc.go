// Package configs is flipmeter's configuration: one declaration from which
// it is loaded, checked, explained (default.yaml), printed with its secrets
// masked, and described as a JSON Schema.
//
// It only holds and checks values; package app builds from them.
package configs
