package scene

import (
	"encoding/binary"
	"fmt"

	"github.com/flipmeter/flipmeter/frame"
)

// The change map's picture and grid: 224×224 luma, area-averaged whatever
// the model's own input, in 32×32 cells of 7×7 pixels.
const (
	Side      = 224       // of the picture, pixels
	GridSide  = 32        // cells
	Cells     = 1024      // GridSide²
	cellSide  = Side / 32 // pixels
	cellCount = cellSide * cellSide
)

// Grid is a picture's luma summed over cells, row by row: 49 times the
// cell's mean in grey levels. Being whole numbers, differences and their
// medians are exact.
type Grid [Cells]uint16

// Fill sets the grid to that of a 224×224 picture with one channel.
func (g *Grid) Fill(luma frame.Picture) {
	if luma.Width != Side || luma.Height != Side || luma.Channels != 1 || len(luma.Pix) != Side*Side {
		panic(fmt.Sprintf("BUG: scene: change map wants %dx%d luma, got %dx%d with %d channels", Side, Side, luma.Width, luma.Height, luma.Channels))
	}
	for row := range GridSide {
		sumBand(g[row*GridSide:(row+1)*GridSide], luma.Pix[row*cellSide*Side:(row+1)*cellSide*Side])
	}
}

// sumBand sums the seven rows of a band over their cells.
//
// Eight pixels of a row are a word, and seven words eight cells: of the k-th
// word, counted from 0, the first 7−k pixels belong to cell k and the others to
// the next. Even and odd pixels lie in four 16-bit lanes each, in which sums of
// seven fit, and of fourteen; a multiplication adds the lanes up.
func sumBand(cells []uint16, band []byte) {
	const (
		lanes = 0x00FF00FF00FF00FF
		ones  = 0x0001000100010001
	)
	first := [...]struct{ even, odd uint64 }{ // lanes of the first 7−k pixels
		{^uint64(0), 1<<48 - 1}, {1<<48 - 1, 1<<48 - 1}, {1<<48 - 1, 1<<32 - 1}, {1<<32 - 1, 1<<32 - 1},
		{1<<32 - 1, 1<<16 - 1}, {1<<16 - 1, 1<<16 - 1}, {1<<16 - 1, 0},
	}
	for len(cells) >= 8 {
		var rest uint64 // of the cell that the word before began
		for k := range first {
			rows := (*[6*Side + 8]byte)(band)
			w := binary.LittleEndian.Uint64(rows[:])
			even, odd := w&lanes, w>>8&lanes
			w = binary.LittleEndian.Uint64(rows[Side:])
			even, odd = even+w&lanes, odd+w>>8&lanes
			w = binary.LittleEndian.Uint64(rows[2*Side:])
			even, odd = even+w&lanes, odd+w>>8&lanes
			w = binary.LittleEndian.Uint64(rows[3*Side:])
			even, odd = even+w&lanes, odd+w>>8&lanes
			w = binary.LittleEndian.Uint64(rows[4*Side:])
			even, odd = even+w&lanes, odd+w>>8&lanes
			w = binary.LittleEndian.Uint64(rows[5*Side:])
			even, odd = even+w&lanes, odd+w>>8&lanes
			w = binary.LittleEndian.Uint64(rows[6*Side:])
			even, odd = even+w&lanes, odd+w>>8&lanes
			all := (even + odd) * ones >> 48
			head := (even&first[k].even + odd&first[k].odd) * ones >> 48
			cells[k] = uint16(rest + head)
			rest, band = all-head, band[8:]
		}
		cells[7] = uint16(rest)
		cells = cells[8:]
	}
}
