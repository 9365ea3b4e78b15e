package frame

// CopyTo makes into a copy of the frame with the pictures that are listed, in
// that order, in buffers of their own from the pool. The frame keeps its own.
func (f *Frame) CopyTo(into *Frame, pool *Pool, pictures []int) {
	into.Release()
	kept := into.Pictures
	*into = *f
	into.Pictures, into.pool = kept, pool
	for _, i := range pictures {
		p := f.Pictures[i]
		p.Pix = pool.get(len(p.Pix))
		copy(p.Pix, f.Pictures[i].Pix)
		into.Pictures = append(into.Pictures, p)
	}
}
