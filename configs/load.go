package configs

import (
	_ "embed" // default.yaml
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/flipmeter/flipmeter/internal/strictyaml"
)

// Problems is the error of Load and Parse where a file is wrong: everything
// that is, one line a problem, as file:line: section.key: what it must be.
type Problems = strictyaml.Problems

//go:embed default.yaml
var defaultYAML string

// DefaultYAML is the file with every key, its default and what it means.
func DefaultYAML() string { return defaultYAML }

// Load reads a configuration file. Keys that it leaves out have their
// defaults.
func Load(path string) (*Config, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	return Parse(path, data)
}

// Parse is Load for what was read already; name is what problems call it.
func Parse(name string, data []byte) (*Config, error) {
	c := Default()
	if err := strictyaml.Decode(name, data, &c); err != nil {
		return nil, err
	}
	return &c, nil
}

// Print writes a configuration as YAML with every key. Secrets are ***, and
// addresses lose their credentials. explain writes above each key what it
// means.
func Print(w io.Writer, c *Config, explain bool) error {
	if err := strictyaml.Encode(w, c, strictyaml.EncodeOptions{Comments: explain}); err != nil {
		return fmt.Errorf("print the configuration: %w", err)
	}
	return nil
}

// Schema is the JSON Schema of configuration files, for editors.
func Schema() []byte {
	s := strictyaml.Schema(Config{})
	s["title"] = "flipmeter configuration"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic("BUG: encoding the configuration's schema: " + err.Error())
	}
	return append(b, '\n')
}
