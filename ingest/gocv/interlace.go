package gocv

// keepTopField makes one progressive picture of two woven fields: it keeps
// the even rows, the top field, and replaces each odd row by the mean of its
// neighbours. Half of the vertical detail is lost, all of the combing is.
// Rows are stride bytes and lie without padding.
func keepTopField(pix []byte, stride int) {
	rows := len(pix) / stride
	for y := 1; y < rows; y += 2 {
		up, row := pix[(y-1)*stride:y*stride], pix[y*stride:(y+1)*stride]
		if y+1 == rows {
			copy(row, up)
			break
		}
		down := pix[(y+1)*stride : (y+2)*stride]
		for i := range row {
			row[i] = byte((uint(up[i]) + uint(down[i]) + 1) >> 1)
		}
	}
}
