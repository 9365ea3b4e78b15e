package configs

import "github.com/flipmeter/flipmeter/ingest"

// Capture is what a camera of this machine is asked for.
type Capture struct {
	Size   string  `yaml:"size" doc:"Pixels, as 1280x720. Empty: 640x480. The camera gives what comes closest, and the log says what that is."`
	FPS    float64 `yaml:"fps" min:"0" max:"1000" doc:"Frames a second that the camera makes; 0 is 30. The key fps above chooses among them."`
	Format string  `yaml:"format" doc:"How the camera sends its pictures, as MJPG or YUYV (v4l2-ctl --list-formats-ext lists what it has). Many reach larger sizes or full rates with MJPG only. Empty: uncompressed if it can."`
}

// Validate checks what single keys don't tell.
func (c *Capture) Validate() error {
	_, err := c.Asked()
	return err
}

// Asked is what is asked for.
func (c *Capture) Asked() (ingest.Capture, error) {
	return ingest.ParseCapture(c.Size, c.FPS, c.Format)
}
