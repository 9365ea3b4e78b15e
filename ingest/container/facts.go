package container

import (
	"fmt"
	"io"
	"os"
)

// Facts are what a file's headers tell. The zero value knows nothing.
type Facts struct {
	Format Format
	Kind   Kind
	// Matrix is the colour matrix that the video is tagged with.
	Matrix Matrix
	// FullRange says that luma uses all 256 levels.
	FullRange Answer
	// Interlaced says that pictures are woven of two fields. Maybe is
	// video whose coding allows both.
	Interlaced Answer
	// CutOff says what shows that the end of the file is missing, "" where
	// nothing does.
	CutOff string
	// HasVideo and HasAudio say whether there are such tracks.
	HasVideo, HasAudio Answer
	// Codec is the codec's name or four-character code, "" where unknown.
	Codec string
}

// Answer is yes, no, maybe or unknown.
type Answer string

// The answers.
const (
	Unknown Answer = ""
	Yes     Answer = "yes"
	No      Answer = "no"
	Maybe   Answer = "maybe"
)

func answer(b bool) Answer {
	if b {
		return Yes
	}
	return No
}

// Format is how a file is built.
type Format string

// The formats that are understood.
const (
	FormatUnknown  Format = ""
	MP4            Format = "mp4" // and QuickTime
	Matroska       Format = "matroska"
	AVI            Format = "avi"
	MPEGTS         Format = "mpegts"
	MPEGPS         Format = "mpegps"
	GIF            Format = "gif"
	ElementaryMPEG Format = "elementary stream"
)

// Kind is what a file is that holds no video, for a message.
type Kind string

// What is found in place of video.
const (
	KindUnknown  Kind = ""
	KindText     Kind = "a text file"
	KindPlaylist Kind = "a playlist"
	KindPicture  Kind = "a single picture"
	KindSound    Kind = "a sound file"
	KindArchive  Kind = "an archive"
	KindDocument Kind = "a document"
)

// Matrix is a colour matrix, by the names of package derive.
type Matrix string

// The matrices of ITU-T H.273 that video comes with.
const (
	MatrixUnknown Matrix = ""
	BT601         Matrix = "bt601"
	BT709         Matrix = "bt709"
	BT2020        Matrix = "bt2020"
	FCC           Matrix = "fcc"
	SMPTE240M     Matrix = "smpte240m"
	RGB           Matrix = "rgb"
)

// matrixOf translates MatrixCoefficients of ITU-T H.273, table 4.
func matrixOf(code int) Matrix {
	switch code {
	case 0:
		return RGB
	case 1:
		return BT709
	case 4:
		return FCC
	case 5, 6:
		return BT601
	case 7:
		return SMPTE240M
	case 9, 10:
		return BT2020
	}
	return MatrixUnknown
}

// ReadFile reads the facts of a file. The error says that the file itself
// can't be read.
func ReadFile(path string) (Facts, error) {
	f, err := os.Open(path)
	if err != nil {
		return Facts{}, fmt.Errorf("read headers: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Facts{}, fmt.Errorf("read headers: %w", err)
	}
	return Read(f, info.Size()), nil
}

// Read reads the facts of size bytes of r.
func Read(r io.ReaderAt, size int64) Facts {
	in := &input{r: r, size: size, budget: maxRead}
	head := in.bytes(0, 512)
	var f Facts
	switch {
	case isMP4(head):
		readMP4(in, &f)
	case isMatroska(head):
		readMatroska(in, &f)
	case isRIFF(head, "AVI "):
		readAVI(in, &f)
	case isGIF(head):
		readGIF(in, &f)
	case packetSize(in.bytes(0, 2048)) != 0:
		readTS(in, &f)
	case isStartCode(head, 0xba):
		readPS(in, &f)
	default:
		if f.Kind = sniff(head); f.Kind == KindUnknown {
			readElementary(in, &f)
		}
	}
	return f
}

// maxRead bounds what is read of one file's headers, and so the work and
// the memory that a file can ask for.
const maxRead = 16 << 20

// input reads pieces of a file, within a budget.
type input struct {
	r      io.ReaderAt
	size   int64
	budget int
}

// bytes returns up to n bytes at an offset: fewer at the end of the file or
// of the budget.
func (in *input) bytes(off int64, n int) []byte {
	if off < 0 || off >= in.size || n <= 0 {
		return nil
	}
	n = min(n, in.budget)
	if left := in.size - off; int64(n) > left {
		n = int(left)
	}
	in.budget -= n
	b := make([]byte, n)
	got, _ := in.r.ReadAt(b, off)
	return b[:got]
}
