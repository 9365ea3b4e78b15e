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
	var column [Side + 8]uint16 // sums of seven rows
	for row := range GridSide {
		band := luma.Pix[row*cellSide*Side : (row+1)*cellSide*Side]
		sumRows(column[:Side], band)
		cells := g[row*GridSide : (row+1)*GridSide]
		c := column[:Side]
		for i := range cells {
			if len(c) < cellSide {
				break
			}
			cells[i] = c[0] + c[1] + c[2] + c[3] + c[4] + c[5] + c[6]
			c = c[cellSide:]
		}
	}
}

// sumRows adds up the seven rows of a band. Eight pixels at a time lie in
// two words of four 16-bit lanes, even and odd ones; 7·255 fits a lane.
func sumRows(column []uint16, band []byte) {
	const lanes = 0x00FF00FF00FF00FF
	for x := 0; x+8 <= Side; x += 8 {
		var even, odd uint64
		for r := range cellSide {
			w := binary.LittleEndian.Uint64(band[r*Side+x:])
			even += w & lanes
			odd += w >> 8 & lanes
		}
		c := column[x : x+8 : x+8]
		c[0], c[1] = uint16(even), uint16(odd)
		c[2], c[3] = uint16(even>>16), uint16(odd>>16)
		c[4], c[5] = uint16(even>>32), uint16(odd>>32)
		c[6], c[7] = uint16(even>>48), uint16(odd>>48)
	}
}
