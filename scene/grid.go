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
		sumBand((*[GridSide]uint16)(g[row*GridSide:]), luma.Pix[row*cellSide*Side:])
	}
	g[Cells-1] = 0
	for y := Side - cellSide; y < Side; y++ {
		for _, v := range luma.Pix[y*Side+Side-cellSide:][:cellSide] {
			g[Cells-1] += uint16(v)
		}
	}
}

// sumBand sums the seven rows of a band, which begins with pix, over its cells,
// but for the picture's last one: eight pixels are read of each row of a cell,
// and there the last would be beyond the picture.
//
// Of a word's eight pixels, the even ones are added up in four 16-bit lanes.
// Taken away from the sum of the words, they leave that of the odd ones, one
// byte further up, of which only the last, the next cell's, did not fit. A
// multiplication adds the lanes up.
func sumBand(cells *[GridSide]uint16, pix []byte) {
	const lanes = 0x00FF00FF00FF00FF
	for k := range cells {
		if len(pix) < 6*Side+8 {
			return
		}
		rows := (*[6*Side + 8]byte)(pix)
		w := binary.LittleEndian.Uint64(rows[:])
		all, even := w, w&lanes
		w = binary.LittleEndian.Uint64(rows[Side:])
		all, even = all+w, even+w&lanes
		w = binary.LittleEndian.Uint64(rows[2*Side:])
		all, even = all+w, even+w&lanes
		w = binary.LittleEndian.Uint64(rows[3*Side:])
		all, even = all+w, even+w&lanes
		w = binary.LittleEndian.Uint64(rows[4*Side:])
		all, even = all+w, even+w&lanes
		w = binary.LittleEndian.Uint64(rows[5*Side:])
		all, even = all+w, even+w&lanes
		w = binary.LittleEndian.Uint64(rows[6*Side:])
		all, even = all+w, even+w&lanes
		odd := (all - even) << 8 >> 16 // without the last
		cells[k] = uint16((even + odd) * laneOnes >> 48)
		pix = pix[cellSide:]
	}
}
