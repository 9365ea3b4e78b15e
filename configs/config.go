package configs

// Config is a whole configuration file.
type Config struct {
	Analyze Analyze `yaml:"analyze" doc:"What flipmeter analyze does with files unless its flags say otherwise."`
}
