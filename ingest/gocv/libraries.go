package gocv

// Libraries are what decodes in this program.
type Libraries struct {
	OpenCV string // version; empty in a build without it
	FFmpeg string // "5.1.9 (libavcodec 59.37.100, …)", empty where OpenCV has none
	// Backends are OpenCV's ways to open a source, in the order in which
	// they are tried.
	Backends []string
	// Codecs are the kinds of video that come up most, by FFmpeg's names,
	// and whether this FFmpeg decodes them. Empty where that can't be
	// asked, as FFmpeg is a plugin that is loaded with the first file.
	Codecs []Codec
}

// Codec is a kind of video.
type Codec struct {
	Name     string // "h264"
	Decoders []string
	Decodes  bool
}

// commonCodecs names the decoders of each codec; one is enough. FFmpeg's own
// av1 is not among them: it decodes nothing without a GPU.
var commonCodecs = [...]Codec{
	{Name: "h264", Decoders: []string{"h264", "libopenh264"}},
	{Name: "hevc", Decoders: []string{"hevc"}},
	{Name: "av1", Decoders: []string{"libdav1d", "libaom-av1", "libgav1"}},
	{Name: "vp9", Decoders: []string{"vp9", "libvpx-vp9"}},
	{Name: "vp8", Decoders: []string{"vp8", "libvpx"}},
	{Name: "mpeg4", Decoders: []string{"mpeg4"}},
	{Name: "mpeg2video", Decoders: []string{"mpeg2video"}},
	{Name: "mjpeg", Decoders: []string{"mjpeg"}},
	{Name: "prores", Decoders: []string{"prores"}},
}
