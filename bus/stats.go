package bus

import "sync/atomic"

// Stats counts messages since a publisher was made.
type Stats struct {
	Published  int64 // observations handed over; last states and parts of pictures stored
	Stored     int64 // acknowledged by JetStream, duplicates included
	Duplicates int64 // of those, resends of what was stored already
	Resent     int64
	Lost       int64 // dropped from a full buffer, refused, or left at the end
	// LostPictures are not part of Lost: the flips themselves went out.
	LostPictures int64
}

type counters struct {
	published, stored, duplicates, resent, lost, lostPictures atomic.Int64
}

func (c *counters) snapshot() Stats {
	return Stats{
		Published: c.published.Load(), Stored: c.stored.Load(), Duplicates: c.duplicates.Load(),
		Resent: c.resent.Load(), Lost: c.lost.Load(), LostPictures: c.lostPictures.Load(),
	}
}

// lose counts a message as lost and releases it.
func (c *counters) lose(m *message) {
	if m.route == routePicture {
		c.lostPictures.Add(1)
	} else {
		c.lost.Add(1)
	}
	m.release()
}
