// Package figure draws the charts of experiments: as SVG, for pages (where
// colours follow the page's light or dark style) and as files, and as PNG.
// Both come from the same list of shapes. It knows charts, not experiments.
//
// Lengths are CSS pixels; y grows downwards.
package figure
