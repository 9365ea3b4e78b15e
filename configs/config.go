package configs

// Config is a whole configuration file.
type Config struct {
	Analyze  Analyze        `yaml:"analyze" doc:"What flipmeter analyze does with files unless its flags say otherwise."`
	Score    Score          `yaml:"score" doc:"What flipmeter score does with labels unless its flags say otherwise."`
	Watch    Watch          `yaml:"watch" doc:"The process that follows cameras, flipmeter watch."`
	Defaults CameraSettings `yaml:"defaults" doc:"Settings of all cameras of flipmeter watch. Each camera may set the same keys for itself."`
	Cameras  []Camera       `yaml:"cameras" base:"defaults" doc:"Cameras that flipmeter watch follows. Besides the keys of defaults each has a name and a url; url_file, user, password or password_file where it needs them; and substream, the address of a smaller stream of the same camera.\n  cameras:\n    - name: door\n      url: rtsp://10.0.0.7/main\n      user: viewer\n      password_file: /run/secrets/door\n      fps: 5\n    - {name: test, url: \"synth:square?frames=500\"}"`
}
